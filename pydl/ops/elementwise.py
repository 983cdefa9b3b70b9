"""Arithmetic of two operands, with broadcasting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arrays import float32
from ..autograd import Function
from ..backend import Array, array_module, kernels
from ..tensor import Tensor
from .cast import cast
from .checks import broadcast
from .promotion import promote
from .reduce import sum_to
from .select import masked


def _array(x: Any, y: Any) -> Array:
    """The operand that is an array: a number lives on no device."""
    return y if isinstance(x, (int, float)) else x


class _Binary(Function):
    """Two operands whose shapes broadcast."""

    kernel = ""

    def forward(self, x: Any, y: Any) -> Array:
        self.shapes = getattr(x, "shape", None), getattr(y, "shape", None)
        return getattr(kernels(_array(x, y)), self.kernel)(x, y)

    def pair(self, first: Callable[[], Tensor], second: Callable[[], Tensor]) -> tuple[Tensor | None, Tensor | None]:
        """The gradients that are needed, each summed to its operand's shape."""
        return (
            sum_to(first(), self.shapes[0]) if self.needs[0] else None,
            sum_to(second(), self.shapes[1]) if self.needs[1] else None,
        )


class Add(_Binary):
    kernel = "add"

    def backward(self, g: Tensor) -> Any:
        return self.pair(lambda: g, lambda: g)


class Sub(_Binary):
    kernel = "sub"

    def backward(self, g: Tensor) -> Any:
        return self.pair(lambda: g, lambda: -g)


class Mul(_Binary):
    kernel = "mul"

    def forward(self, x: Any, y: Any) -> Array:
        self.retain_inputs(0, 1)
        return super().forward(x, y)

    def backward(self, g: Tensor) -> Any:
        return self.pair(lambda: g * self.input(1), lambda: g * self.input(0))


class Div(_Binary):
    kernel = "div"

    def forward(self, x: Any, y: Any) -> Array:
        self.retain_inputs(0, 1)
        return super().forward(x, y)

    def backward(self, g: Tensor) -> Any:
        def second() -> Tensor:
            x, y = self.input(0), self.input(1)
            return -g * x / (y * y)

        return self.pair(lambda: g / self.input(1), second)


class Pow(_Binary):
    """xʸ. The gradient for y is 0 where x is 0 and y ≥ 0, as PyTorch's."""

    kernel = "pow"

    def forward(self, x: Any, y: Any) -> Array:
        self.retain_inputs(0, 1)
        return super().forward(x, y)

    def backward(self, g: Tensor) -> Any:
        x, y = self.input(0), self.input(1)

        def first() -> Tensor:
            if isinstance(y, (int, float)):
                return g * (x ** (y - 1) * float(y)) if y != 0 else g * 0.0
            slope = y * x ** (y - 1.0)
            return g * masked(slope, y._data != 0)

        def second() -> Tensor:
            value = pow(x, y)
            base = x if isinstance(x, Tensor) else Tensor._wrap(array_module(y._data).asarray(x, y.dtype))
            alive = (base._data != 0) | (y._data < 0)
            from .unary import log

            return g * masked(value * log(base + Tensor._wrap((~alive).astype(base.dtype))), alive)

        return self.pair(first, second)


class _Extremum(_Binary):
    """The gradient goes to the operand that was taken, by halves where both are equal."""

    def forward(self, x: Any, y: Any) -> Array:
        self.retain_inputs(0, 1)
        return super().forward(x, y)

    def taken(self, x: Any, y: Any) -> Array:
        raise NotImplementedError

    def backward(self, g: Tensor) -> Any:
        x, y = [getattr(self.input(i), "_data", self.input(i)) for i in (0, 1)]

        def share(taken: Array) -> Tensor:
            return g * Tensor._wrap(taken.astype(g.dtype) + (x == y).astype(g.dtype) / 2)

        return self.pair(lambda: share(self.taken(x, y)), lambda: share(self.taken(y, x)))


class Maximum(_Extremum):
    kernel = "maximum"

    def taken(self, x: Any, y: Any) -> Array:
        return ~(x <= y)  # NaN, which is the result, too


class Minimum(_Extremum):
    kernel = "minimum"

    def taken(self, x: Any, y: Any) -> Array:
        return ~(x >= y)


def _apply(name: str, function: type[_Binary], a: Any, b: Any) -> Tensor:
    a, b = promote(name, a, b)
    x, y = getattr(a, "_data", a), getattr(b, "_data", b)
    array = _array(x, y)
    if array.dtype.kind == "f":
        return function()(a, b)
    broadcast(name, x, y)
    xp = array_module(array)
    if array.dtype.kind == "b" and name in ("sub",):
        raise TypeError("[sub] expected numbers, got bool tensors; use !=")
    if name == "pow" and (y < 0 if isinstance(y, (int, float)) else (y < 0).any()):
        raise ValueError("[pow] expected exponents >= 0 for integers, got one below; use floats")
    numpy_name = {"add": "add", "sub": "subtract", "mul": "multiply", "pow": "power"}.get(name, name)
    return Tensor._wrap(xp.asarray(getattr(xp, numpy_name)(x, y)))


def add(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """input + alpha · other, elementwise with broadcasting."""
    return _apply("add", Add, input, other if alpha == 1 else mul(other, alpha))


def sub(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """input - alpha · other, elementwise with broadcasting."""
    return _apply("sub", Sub, input, other if alpha == 1 else mul(other, alpha))


def mul(input: Any, other: Any) -> Tensor:
    """input · other, elementwise with broadcasting."""
    return _apply("mul", Mul, input, other)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other, elementwise with broadcasting; integers are divided as float32.

    rounding_mode "floor" and "trunc" round the quotient down or towards 0; its gradient is then 0.
    """
    if rounding_mode is not None:
        return _rounded(input, other, rounding_mode)
    a, b = promote("div", input, other)
    if not any(isinstance(x, Tensor) and x.dtype.kind == "f" for x in (a, b)):
        a = cast(a, float32) if isinstance(a, Tensor) else float(a)
        b = cast(b, float32) if isinstance(b, Tensor) else float(b)
    return _apply("div", Div, a, b)


def _rounded(a: Any, b: Any, mode: str) -> Tensor:
    from .compare import floor_divide

    if mode == "floor":
        return floor_divide(a, b)
    if mode != "trunc":
        raise ValueError(f'[div] expected rounding_mode "floor", "trunc" or None, got {mode!r}')
    low = floor_divide(a, b)._data
    if low.dtype.kind == "f":
        quotient = div(a, b)._data
        return Tensor._wrap(array_module(quotient).trunc(quotient))
    x, y = (getattr(v, "_data", v) for v in (a, b))
    return Tensor._wrap(low + ((low < 0) & (low * y != x)))


def pow(input: Any, exponent: Any) -> Tensor:
    """input to the power of exponent, elementwise with broadcasting."""
    from .unary import reciprocal, sqrt, square

    if isinstance(input, Tensor) and input.dtype.kind == "f" and isinstance(exponent, (int, float)):
        if exponent == 2:
            return square(input)
        if exponent == 1:
            return mul(input, 1.0)
        if exponent == 0.5:
            return sqrt(input)
        if exponent == -1:
            return reciprocal(input)
    return _apply("pow", Pow, input, exponent)


def maximum(input: Any, other: Any) -> Tensor:
    """The larger of two elements; NaN where either is NaN."""
    return _apply("maximum", Maximum, input, other)


def minimum(input: Any, other: Any) -> Tensor:
    """The smaller of two elements; NaN where either is NaN."""
    return _apply("minimum", Minimum, input, other)
