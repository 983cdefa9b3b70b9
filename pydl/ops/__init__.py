"""Differentiable operations, one file a family, forward and backward in one class."""

from .activation import (
    celu,
    elu,
    gelu,
    glu,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    selu,
    silu,
    softplus,
    softsign,
    tanhshrink,
)
from .adaptive import adaptive_avg_pool2d, adaptive_max_pool2d, max_unpool2d
from .arrange import argsort, cumsum, lerp, outer, scatter, scatter_add, sort, topk, tril, triu
from .cast import cast, to_device
from .compare import (
    all,
    allclose,
    any,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    ceil,
    eq,
    equal,
    floor,
    floor_divide,
    ge,
    gt,
    isclose,
    isfinite,
    isinf,
    isnan,
    le,
    logical_and,
    logical_not,
    logical_or,
    lt,
    ne,
    round,
)
from .conv import conv1d, conv2d, conv2d_weight_grad, conv_transpose2d
from .cross_entropy import cross_entropy, nll_loss
from .dropout import dropout, dropout2d
from .elementwise import add, div, maximum, minimum, mul, pow, sub
from .embedding import embedding, one_hot
from .interpolate import interpolate
from .loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from .matmul import bmm, linear, matmul, mm
from .norm import batch_norm
from .pool import avg_pool2d, max_pool2d, sum_pool2d
from .reduce import amax, amin, argmax, argmin, max, mean, min, norm, prod, std, sum, sum_to, var
from .resize import pixel_shuffle, pixel_unshuffle
from .response_norm import local_response_norm
from .sample_norm import group_norm, instance_norm, layer_norm
from .select import gather, getitem, index_select, masked_fill, masked_select, where
from .shape import (
    broadcast_to,
    cat,
    chunk,
    clone,
    contiguous,
    expand,
    expand_as,
    flatten,
    flip,
    movedim,
    narrow,
    pad,
    permute,
    repeat,
    reshape,
    select,
    split,
    squeeze,
    stack,
    t,
    transpose,
    unbind,
    unflatten,
    unsqueeze,
    view,
    view_as,
)
from .softmax import log_softmax, logsumexp, softmax
from .unary import (
    abs,
    clamp,
    cos,
    erf,
    exp,
    expm1,
    log,
    log1p,
    log2,
    neg,
    reciprocal,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sqrt,
    square,
    tanh,
)

__all__ = [name for name, value in list(globals().items()) if callable(value) and not name.startswith("_")]
