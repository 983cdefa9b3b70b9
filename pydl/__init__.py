"""A small, fast deep-learning library on its own C++ and CUDA kernels, with PyTorch's names."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

from . import autograd, backend, ops
from . import methods as _methods
from . import tensor as _tensor_module  # first: everything else refers to Tensor
from .arrays import bool_ as bool
from .arrays import float32, float64, int32, int64, uint8
from .autograd import enable_grad, grad, is_grad_enabled, no_grad, set_grad_enabled
from .backend import get_num_threads, set_num_threads
from .creation import (
    arange,
    as_tensor,
    empty,
    eye,
    from_dlpack,
    from_numpy,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from .devices import device
from .ops import *  # noqa: F403
from .random import (
    Generator,
    bernoulli,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    normal,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    seed,
    set_rng_state,
)
from .tensor import Tensor

if TYPE_CHECKING:
    from . import backends, cuda, data, games, gan, models, nn, optim, plot, testing, train
    from .replay import capture
    from .train.checkpoint import load, save

__version__ = backend.version()

_ROOMS = ("backends", "cuda", "data", "games", "gan", "models", "nn", "optim", "plot", "testing", "train")
_LATER = {name: f".{name}" for name in _ROOMS} | dict.fromkeys(("load", "save"), ".train.checkpoint")
_LATER["capture"] = ".replay"


def __getattr__(name: str) -> Any:
    """What is built on tensors is imported when it is first named: `import pydl` itself stays quick."""
    if name not in _LATER:
        raise AttributeError(f"module 'pydl' has no attribute {name!r}")
    module = _import_module(_LATER[name], __name__)
    value = module if _LATER[name] == f".{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
