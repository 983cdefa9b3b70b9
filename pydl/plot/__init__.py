"""Pictures of learning: decision regions, and a loss with the path of descent on it. Needs matplotlib."""

from .regions import decision_regions
from .surface import loss_surface

__all__ = ["decision_regions", "loss_surface"]
