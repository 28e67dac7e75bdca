"""A part of a screen that reads on by itself, and tells the screen when that goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.message import Message
from textual.worker import Worker, WorkerState

if TYPE_CHECKING:
    from tui.errors import SwitchboardError


class ReadingPane(Vertical):
    """Its workers raise nothing: what they expect is `Failed`, everything else is `Crashed`."""

    class Failed(Message):
        """Reading on failed; what is shown stays."""

        def __init__(self, failure: SwitchboardError) -> None:
            super().__init__()
            self.failure = failure

    class Crashed(Message):
        """A worker met what it did not expect."""

        def __init__(self, error: BaseException) -> None:
            super().__init__()
            self.error = error

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Let nothing that a worker did not expect go by in silence."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.post_message(self.Crashed(event.worker.error))
