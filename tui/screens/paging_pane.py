"""A part of a screen that reads page after page by itself, and the message that this failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.containers import Vertical
from textual.message import Message
from textual.worker import Worker, WorkerState

if TYPE_CHECKING:
    from tui.errors import SwitchboardError
    from tui.screens.app_interface import Console


class ReadFailed(Message):
    """A part of the screen could not read on; what is shown stays."""

    def __init__(self, failure: SwitchboardError) -> None:
        super().__init__()
        self.failure = failure


class PagingPane(Vertical):
    """An error that its workers expect is posted as ReadFailed; any other ends the program on the crash page."""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            cast("Console", self.app).fail(event.worker.error)
