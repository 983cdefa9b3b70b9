"""What `import pydl` loads, and what it finds later."""

import subprocess
import sys
from pathlib import Path

import pytest

import pydl

ROOT = Path(pydl.__file__).resolve().parent.parent


def test_what_is_built_on_tensors_is_imported_when_it_is_named():
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import pydl\n"
        "assert not {'pydl.nn', 'pydl.train', 'pydl.data', 'tqdm', 'matplotlib'} & set(sys.modules)\n"
        "assert pydl.nn.Linear and pydl.save is pydl.train.save and {'nn', 'data', 'load'} <= set(dir(pydl))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'pydl' has no attribute 'convolve'"):
        pydl.convolve  # noqa: B018
