"""The table of benchmarks, one file a kernel family."""

from __future__ import annotations

from ..case import Case
from . import conv, elementwise, gemm, loss, norm, optim, pool, random, reduce, softmax

FAMILIES = (elementwise, reduce, gemm, conv, pool, norm, softmax, loss, random, optim)


def all_cases() -> list[Case]:
    """Every case, the short form's and the others, in the order of the table."""
    return [case for family in FAMILIES for case in family.cases()]
