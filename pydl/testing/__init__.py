"""The op table, its naive references, and gradient checks: what pydl's own tests are made of."""

from .gradcheck import gradcheck, gradgradcheck
from .table import Op, Sample, arrays_of, as_tensors
