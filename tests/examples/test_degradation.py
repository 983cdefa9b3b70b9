"""The experiment on the degradation of plain deep networks runs; what it finds takes minutes and is not tested."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "degradation.py"


def test_a_small_run():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    sizes = ["--networks", "plain20", "resnet20", "--width", "1", "--images", "64", "--epochs", "2", "--seeds", "3"]
    command = [sys.executable, str(SCRIPT), *sizes]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    lines = [line.split() for line in result.stdout.splitlines()]
    assert [line[:3] for line in lines[1:]] == [["plain20", "3", "1,189"], ["resnet20", "3", "1,189"]]
    assert 0 < float(lines[1][3]) < 10
