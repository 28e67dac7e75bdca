"""A part of a screen that reads page after page by itself, and tells the screen when that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.message import Message
from textual.worker import Worker, WorkerState

if TYPE_CHECKING:
    from tui.errors import SwitchboardError


class PagingPane(Vertical):
    """Its workers raise nothing: an error they expect is posted as `Failed`, any other as `Crashed`."""

    class Failed(Message):
        """A page could not be read; what is shown stays."""

        def __init__(self, failure: SwitchboardError) -> None:
            super().__init__()
            self.failure = failure

    class Crashed(Message):
        """A worker raised an error that it did not expect."""

        def __init__(self, error: BaseException) -> None:
            super().__init__()
            self.error = error

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.post_message(self.Crashed(event.worker.error))
