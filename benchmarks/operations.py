"""The operations of `pydl.nn.functional`, forward and backward, as one source for pydl and PyTorch.

An operation is built from a library and an array maker, and gives a function to time for each of its passes. A backward
pass is timed alone: `grad` of a result that was made once, with the graph kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from training import Library

from pydl.benchmark import shapes
from pydl.benchmark.shapes import Conv

Passes = dict[str, Callable[[], Any]]
CHANNELS_LAST = 16  # images of as many channels lie channels-last, as they do inside a network of either library


class Operation(NamedTuple):
    """`bytes` and `flops` are those of the forward pass."""

    family: str
    name: str
    shape: str
    build: Callable[[Library, np.random.Generator], Passes]
    bytes: int
    flops: int = 0

    @property
    def title(self) -> str:
        return f"{self.family} {self.name} {self.shape}"


def tensor(
    library: Library,
    rng: np.random.Generator,
    *shape: int,
    grad: bool = True,
    scale: float = 1.0,
    weight: bool = False,
) -> Any:
    """Normal numbers as a leaf of the graph, in the memory format of the library's mode."""
    array = np.asarray(rng.standard_normal(shape, np.float32) * np.float32(scale))
    if library.name == "pydl" and len(shape) == 4 and shape[1] >= CHANNELS_LAST and not weight:
        array = np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    result = library.tensor(array)
    return result.requires_grad_() if grad else result


def passes(library: Library, forward: Callable[..., Any], leaves: dict[str, Any]) -> Passes:
    """`forward` of all leaves without a graph, and the gradient in each leaf that wants one."""
    root, rng = library.root, np.random.default_rng(1)

    def alone() -> Any:
        with root.no_grad():
            return forward(*leaves.values())

    found: Passes = {"forward": alone}
    result = forward(*leaves.values())
    gradient = tensor(library, rng, *result.shape, grad=False)
    for name, leaf in leaves.items():
        if leaf is not None and leaf.requires_grad:
            found[f"{name} grad"] = partial(_gradient, root, result, leaf, gradient)
    return found


def _gradient(root: Any, result: Any, leaf: Any, gradient: Any) -> Any:
    return root.autograd.grad(result, leaf, gradient, retain_graph=True)[0]


def _conv(c: Conv, groups: int, dilation: int, library: Library, rng: np.random.Generator) -> Passes:
    leaves = {
        "input": tensor(library, rng, c.n, c.c, c.size, c.size, grad=not c.first),
        "weight": tensor(library, rng, c.o, c.c // groups, c.kernel, c.kernel, scale=0.1, weight=True),
    }
    bias = tensor(library, rng, c.o, grad=False) if c.bias else None
    options = {"stride": c.stride, "padding": c.padding, "dilation": dilation, "groups": groups}
    return passes(library, lambda x, w: library.F.conv2d(x, w, bias, **options), leaves)


def _conv_transpose(c: Conv, library: Library, rng: np.random.Generator) -> Passes:
    leaves = {
        "input": tensor(library, rng, c.n, c.o, c.out, c.out),
        "weight": tensor(library, rng, c.o, c.c, c.kernel, c.kernel, scale=0.1, weight=True),
    }
    return passes(library, lambda x, w: library.F.conv_transpose2d(x, w, None, c.stride, c.padding), leaves)


def _label(c: Conv, groups: int = 1, dilation: int = 1) -> str:
    more = (f" groups {groups}" if groups > 1 else "") + (f" dilation {dilation}" if dilation > 1 else "")
    return f"{c.name} ({c.n}, {c.c}→{c.o}, {c.size}²) {c.kernel}×{c.kernel}/{c.stride}{more}"


MORE_CONVOLUTIONS = [  # shapes that no network of pydl.benchmark.shapes has
    (Conv("odd", 32, 48, 28, 48, 3, 1, 1), 1, 1),
    (Conv("odd", 8, 96, 20, 160, 3, 1, 1), 1, 1),
    (Conv("large", 8, 64, 56, 64, 3, 1, 1), 1, 1),
    (Conv("batch 128", 128, 64, 16, 64, 3, 1, 1), 1, 1),
    (Conv("batch 8", 8, 128, 16, 128, 3, 1, 1), 1, 1),
    (Conv("resnet20.stage1", 64, 16, 32, 16, 3, 1, 1), 1, 1),
    (Conv("resnet20.stage2", 64, 32, 16, 32, 3, 1, 1), 1, 1),
    (Conv("bottleneck.reduce", 32, 256, 16, 64, 1), 1, 1),
    (Conv("imagenet.stem", 8, 3, 112, 64, 7, 2, 3, first=True), 1, 1),
    (Conv("inception.5×5", 32, 16, 14, 48, 5, 1, 2), 1, 1),
    (Conv("mobilenet.depthwise", 16, 128, 28, 128, 3, 1, 1), 128, 1),
    (Conv("mobilenet.depthwise", 16, 128, 28, 128, 3, 2, 1), 128, 1),
    (Conv("dilated", 16, 64, 32, 64, 3, 1, 2), 1, 2),
    (Conv("grouped", 16, 128, 16, 128, 3, 1, 1), 4, 1),
    (Conv("resnext.conv2", 8, 128, 28, 128, 3, 1, 1), 32, 1),
    (Conv("resnext.conv2", 8, 256, 14, 256, 3, 1, 1), 32, 1),
    (Conv("inception.1×1", 16, 192, 28, 96, 1), 1, 1),
]


def _convolutions() -> Iterator[Operation]:
    for c, groups, dilation in [*((c, 1, 1) for c in shapes.CONV), *MORE_CONVOLUTIONS]:
        out = (c.size + 2 * c.padding - dilation * (c.kernel - 1) - 1) // c.stride + 1
        taps, results = c.c // groups * c.kernel**2, c.n * c.o * out**2
        size = 4 * (c.n * c.c * c.size**2 + c.o * taps + results)
        build = partial(_conv, c, groups, dilation)
        yield Operation("conv", "conv2d", _label(c, groups, dilation), build, size, 2 * results * taps)
    for c in shapes.CONV_TRANSPOSE:
        taps, results = c.c * c.kernel**2, c.n * c.o * c.out**2
        size = 4 * (c.n * c.c * c.size**2 + c.o * taps + results)
        label = f"{c.name} ({c.n}, {c.o}→{c.c}, {c.out}²) {c.kernel}×{c.kernel}/{c.stride}"
        yield Operation("conv", "conv_transpose2d", label, partial(_conv_transpose, c), size, 2 * results * taps)


def _matmul(n: int, library: Library, rng: np.random.Generator) -> Passes:
    a, b = (tensor(library, rng, n, n, grad=False) for _ in range(2))
    return passes(library, library.root.matmul, {"a": a, "b": b})


def _linear(p: shapes.Product, relu: bool, library: Library, rng: np.random.Generator) -> Passes:
    leaves = {
        "input": tensor(library, rng, p.m, p.k, grad=not relu),
        "weight": tensor(library, rng, p.n, p.k, grad=not relu, scale=0.1),
        "bias": tensor(library, rng, p.n, grad=not relu),
    }
    F = library.F
    return passes(library, (lambda *a: F.relu(F.linear(*a))) if relu else F.linear, leaves)


def _products() -> Iterator[Operation]:
    for p in shapes.SQUARE:
        yield Operation("gemm", "matmul", f"{p.n}³", partial(_matmul, p.n), 12 * p.n**2, 2 * p.n**3)
    for p in shapes.LINEAR:
        size, flops = 4 * (p.m * p.k + p.n * p.k + p.m * p.n), 2 * p.m * p.k * p.n
        for relu in (False, True):
            name = "linear + relu" if relu else "linear"
            yield Operation("gemm", name, f"{p.name} ({p.m}, {p.k}→{p.n})", partial(_linear, p, relu), size, flops)


Images = tuple[int, int, int]  # batch, channels, height and width


def _images(call: str, options: dict[str, Any], s: Images, library: Library, rng: np.random.Generator) -> Passes:
    function = getattr(library.F, call)
    return passes(library, lambda x: function(x, **options), {"input": tensor(library, rng, s[0], s[1], s[2], s[2])})


def _batch_norm(s: Images, training: bool, library: Library, rng: np.random.Generator) -> Passes:
    leaves = {"input": tensor(library, rng, s[0], s[1], s[2], s[2])}
    mean, weight, bias = (tensor(library, rng, s[1], grad=False) for _ in range(3))
    variance = mean * mean + 1
    return passes(library, lambda x: library.F.batch_norm(x, mean, variance, weight, bias, training), leaves)


def _group_norm(s: Images, library: Library, rng: np.random.Generator) -> Passes:
    leaves = {"input": tensor(library, rng, s[0], s[1], s[2], s[2])}
    weight, bias = (tensor(library, rng, s[1], grad=False) for _ in range(2))
    return passes(library, lambda x: library.F.group_norm(x, 2, weight, bias), leaves)


def _add(s: Images, library: Library, rng: np.random.Generator) -> Passes:
    a, b = (tensor(library, rng, s[0], s[1], s[2], s[2], grad=False) for _ in range(2))
    return passes(library, library.root.add, {"a": a, "b": b})


def _distance(name: str, s: Images, library: Library, rng: np.random.Generator) -> Passes:
    target = tensor(library, rng, s[0], s[1], s[2], s[2], grad=False)
    leaves = {"input": tensor(library, rng, s[0], s[1], s[2], s[2])}
    return passes(library, lambda x: getattr(library.F, name)(x, target), leaves)


def _on_images() -> Iterator[Operation]:
    for s in ((32, 64, 32), (32, 128, 16), (32, 512, 4), (16, 64, 32), (64, 6, 28), (64, 16, 32)):
        size, label = 4 * s[0] * s[1] * s[2] ** 2, f"({s[0]}, {s[1]}, {s[2]}²)"
        yield Operation("norm", "batch_norm train", label, partial(_batch_norm, s, True), 2 * size)
        yield Operation("norm", "batch_norm eval", label, partial(_batch_norm, s, False), 2 * size)
        yield Operation("norm", "group_norm", label, partial(_group_norm, s), 2 * size)
        for name in ("relu", "leaky_relu", "sigmoid", "tanh", "gelu", "softplus", "hardtanh", "hardswish"):
            yield Operation("activation", name, label, partial(_images, name, {}, s), 2 * size)
        yield Operation("activation", "add", label, partial(_add, s), 3 * size)
        for name in ("mse_loss", "l1_loss", "huber_loss"):
            yield Operation("loss", name, label, partial(_distance, name, s), 2 * size)
        for name, size_out, options in (
            ("max_pool2d", size // 4, {"kernel_size": 2}),
            ("avg_pool2d", size // 4, {"kernel_size": 2}),
            ("adaptive_avg_pool2d", size // s[2] ** 2, {"output_size": 1}),
        ):
            yield Operation("pool", name, label, partial(_images, name, options, s), size + size_out)
    s = (16, 64, 32)
    size = 4 * s[0] * s[1] * s[2] ** 2
    for mode in ("nearest", "bilinear"):
        build = partial(_images, "interpolate", {"scale_factor": 2, "mode": mode}, s)
        yield Operation("resample", f"interpolate {mode} ×2", "(16, 64, 32²)", build, 5 * size)
    build = partial(_images, "pad", {"pad": (1, 1, 1, 1), "mode": "reflect"}, s)
    yield Operation("resample", "pad reflect", "(16, 64, 32²)", build, 2 * size)
    s = (8, 64, 112)
    options = {"kernel_size": 3, "stride": 2, "padding": 1}
    size = 4 * s[0] * s[1] * s[2] ** 2
    yield Operation(
        "pool", "max_pool2d 3×3/2", "(8, 64, 112²)", partial(_images, "max_pool2d", options, s), size * 5 // 4
    )


def _classes(rows: shapes.Rows, library: Library, rng: np.random.Generator) -> Passes:
    x = tensor(library, rng, rows.n, rows.c)
    target = library.root.from_numpy(rng.integers(0, rows.c, rows.n))
    return passes(library, lambda logits: library.F.cross_entropy(logits, target), {"input": x})


def _rows(call: str, rows: shapes.Rows, library: Library, rng: np.random.Generator) -> Passes:
    function = getattr(library.F, call)
    return passes(library, lambda x: function(x, 1), {"input": tensor(library, rng, rows.n, rows.c)})


def _layer_norm(rows: shapes.Rows, library: Library, rng: np.random.Generator) -> Passes:
    leaves = {"input": tensor(library, rng, rows.n, rows.c), "weight": tensor(library, rng, rows.c)}
    bias = tensor(library, rng, rows.c)
    return passes(library, lambda x, weight: library.F.layer_norm(x, (rows.c,), weight, bias), leaves)


def _on_rows() -> Iterator[Operation]:
    for rows in shapes.SOFTMAX:
        size, label = 4 * rows.n * rows.c, f"{rows.name} ({rows.n}, {rows.c})"
        yield Operation("loss", "cross_entropy", label, partial(_classes, rows), size)
        yield Operation("norm", "layer_norm", label, partial(_layer_norm, rows), 2 * size)
        for name in ("softmax", "log_softmax"):
            yield Operation("softmax", name, label, partial(_rows, name, rows), 2 * size)


def _optimizer(name: str, options: dict[str, Any], p: Any, library: Library, rng: np.random.Generator) -> Passes:
    params = [library.tensor(rng.standard_normal(shape, np.float32)).requires_grad_() for shape in p.shapes]
    for x in params:
        x.grad = library.tensor(rng.standard_normal(tuple(x.shape), np.float32))
    fused = {} if library.mode == "eager" else {"fused": True}
    step = getattr(library.optim, name)(params, lr=1e-3, **options, **fused).step

    def update() -> Any:
        step()
        return params[0]

    return {"step": update}


def _optimizers() -> Iterator[Operation]:
    for p in shapes.PARAMETERS:
        count = sum(int(np.prod(shape)) for shape in p.shapes)
        for name, options, moved in (("Adam", {}, 28), ("AdamW", {}, 28), ("SGD", {"momentum": 0.9}, 20)):
            build = partial(_optimizer, name, options, p)
            yield Operation("optim", name, f"{p.name} ({count:,} parameters)", build, moved * count)


def operations() -> Iterator[Operation]:
    for family in (_products, _convolutions, _on_images, _on_rows, _optimizers):
        yield from family()
