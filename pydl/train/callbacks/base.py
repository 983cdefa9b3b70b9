"""The base of callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..loop import Loop


class Callback:
    """What `fit` calls while it trains. Those of a smaller `order` are called first.

    What changes during training belongs in `state_dict`, so that a checkpoint holds it.
    """

    order = 0

    def on_train_begin(self, loop: Loop) -> None:
        """Before the first step; `loop.step` is not 0 when training is resumed."""

    def on_epoch_begin(self, loop: Loop) -> None:
        """Before the first batch of an epoch that is run (or resumed)."""

    def on_step_end(self, loop: Loop) -> None:
        """After a step: `loop.step` steps are done, `loop.metrics` are the last one's."""

    def on_evaluate(self, loop: Loop) -> dict[str, float]:
        """Figures to add to the epoch's, once its last step is done; `loop.epoch` does not count it yet.

        A signal breaks it off, and after a resumption it is called anew: it must leave nothing half-done.
        """
        return {}

    def on_epoch_end(self, loop: Loop) -> None:
        """After an epoch: `loop.epoch` epochs are done, `loop.history.epochs[-1]` is the last one's."""

    def on_interrupt(self, loop: Loop) -> None:
        """After a signal, between two steps."""

    def on_train_end(self, loop: Loop) -> None:
        """After the last step; not after an error or a signal."""

    def close(self) -> None:
        """At the very end, whatever happened."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
