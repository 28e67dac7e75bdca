"""Connection tests on the screen: the verdict of each level as soon as it is known."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.errors import SwitchboardError
from tui.screens.page import Page
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.notices import Notice, NoticeList
from tui.words.integrations.description import verdict_words
from tui.words.integrations.seen_checks import verified_words
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from textual.binding import BindingType
    from textual.timer import Timer
    from textual.widget import Widget

    from tui.providers.verdicts import Verdict
    from tui.session.connection_test import ConnectionTestResult, Job
    from tui.widgets.frame import Tone
    from tui.widgets.glyphs import Glyphs
    from tui.words.log.invocation import Invocation

    ReadOn = Callable[[Callable[[int, int], None]], Awaitable[str]]

READING = "Reading what else the provider tells …"
TONES: dict[str, Tone] = {"passed": "good", "failed": "bad", "doubtful": "warning"}


class ConnectionTestScreen(Page):
    """Runs jobs side by side; esc stops them at once, and leaves when nothing runs."""

    CSS_PATH: ClassVar[Any] = ["connection_test.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("t", "again", "Test again", id="connection_test.again", tooltip="Ask the provider again"),
    ]
    section = "integrations"
    is_inner = True

    def __init__(self, title: str, jobs: Sequence[Job]) -> None:
        super().__init__()
        self._title = title
        self._jobs = jobs
        self._panes: list[JobPane] = []
        self._begun = 0.0
        self._clock: Timer | None = None
        self._was_begun = False
        self._is_running = False
        self._finished: dict[int, ConnectionTestResult] = {}

    def compose_body(self) -> Iterable[Widget]:
        self._panes = [JobPane(job.title, self.console.glyphs) for job in self._jobs]
        yield VerticalScroll(*self._panes, id="jobs")

    def hints(self) -> Hints:
        if self._is_running:
            return (("esc", "stop"), ("?", "help"))
        return (("t", "test again"), ("esc", "back"), ("?", "help"))

    def context(self) -> tuple[Part, ...]:
        if self._is_running:
            return (Part(self._title), Part(f"testing, {self._seconds:.0f} s", "quiet"))
        passed = [tested for tested in self._finished.values() if tested.is_verified]
        proven = all(tested.unproven_type is None for tested in passed)
        tone: Tone = "good" if proven and len(passed) == len(self._jobs) else "warning"
        words = verified_words(check_proven=proven)
        return (Part(self._title), Part(f"{len(passed)} of {len(self._jobs)} {words}", tone))

    def focus_body(self) -> None:
        self.set_focus(self.query_one("#jobs", VerticalScroll))

    async def load(self) -> None:
        """Run every job; the others go on when one cannot be run."""
        self._finished.clear()
        self._was_begun = self._is_running = True
        self._begun = time.monotonic()
        # The seconds on the context line; nothing is sent while no test runs.
        self._clock = self.set_interval(1, self.refresh_frame)
        self.call_later(self.refresh_frame)
        try:
            await asyncio.gather(*(self._run(index) for index in range(len(self._jobs))))
        except asyncio.CancelledError:
            for index, pane in enumerate(self._panes):
                if index not in self._finished and pane.is_mounted:
                    pane.end(Notice("warning", "Stopped. The stored state did not change."))
            raise
        finally:
            self._clock.stop()
            self._is_running = False
            # Not at once: where the program ends, the widgets of the frame are removed already.
            self.call_later(self.refresh_frame)

    async def _run(self, index: int) -> None:
        pane, job = self._panes[index], self._jobs[index]
        pane.begin()
        try:
            tested = await job.run(pane.add)
        except SwitchboardError as failure:
            pane.end(Notice("bad", failure.sentence, failure.what_to_do))
            if failure.may_pass:
                self.console.connection.reconnect(failure)
        else:
            self._finished[index] = tested
            conclusion = Notice(tone_of(tested), tested.conclusion())
            pane.end(conclusion)
            if tested.is_verified and job.read_on is not None:
                await self._read_on(pane, conclusion, job.read_on)

    async def _read_on(self, pane: JobPane, conclusion: Notice, read_on: ReadOn) -> None:
        """Show what is read after a yes; what was read stays where it is stopped."""

        def tell(asked: int, to_ask: int) -> None:
            pane.end(conclusion, Notice("quiet", f"{READING} {asked:,} of {to_ask:,} numbers."))

        pane.end(conclusion, Notice("quiet", READING))
        try:
            said = await read_on(tell)
        except asyncio.CancelledError:
            if pane.is_mounted:
                pane.end(conclusion, Notice("warning", "Stopped reading; what was read until then is kept."))
            raise
        except SwitchboardError as failure:
            pane.end(conclusion, Notice("warning", failure.sentence, failure.what_to_do))
        else:
            pane.end(conclusion, *([Notice("plain", said)] if said else []))

    def start_load(self) -> None:
        # Once: a provider is asked again by t alone, not by a connection to the database that is back.
        if not self._was_begun:
            super().start_load()

    def invocations(self) -> Sequence[Invocation]:
        stored = [job.stored for job in self._jobs if job.stored is not None]
        if len(stored) > 1:
            return (self.invocation("integrations test", everything=True),)
        return [self.invocation("integrations test", integration_type=name) for name in stored]

    def action_again(self) -> None:
        if not self._is_running:
            self.status.clear()
            super().start_load()

    def action_reload(self) -> None:
        self.action_again()

    def action_back(self) -> None:
        if self._is_running:
            self.workers.cancel_group(self, "load")
            self.status.say("Stopped.")
        else:
            self.leave(tuple(self._finished.get(index) for index in range(len(self._jobs))))

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._begun


def tone_of(tested: ConnectionTestResult) -> Tone:
    """Return the tone of a finished test.

    No answer, or a yes of an unproven check or to what is not stored any more, is only a warning.
    """
    if tested.is_verified and tested.unproven_type is None:
        return "good"
    return "warning" if tested.report.passed or tested.is_unknown else "bad"


class JobPane(Static):
    """One job: its title over the verdicts so far."""

    def __init__(self, title: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._title = title
        self._results: list[Notice] = []
        self._notices = NoticeList(glyphs)

    def compose(self) -> Iterable[Widget]:
        yield Static(safe_text(self._title, 100), classes="title", markup=False)
        yield self._notices

    def begin(self) -> None:
        """Show that the provider is being asked."""
        self._results = []
        self._notices.say([Notice("quiet", "Asking the provider …")])

    def add(self, verdict: Verdict) -> None:
        """Add the verdict of one level."""
        self._results.append(Notice(TONES[verdict.outcome], verdict_words(verdict), verdict.what_to_do))
        self._notices.say([*self._results, Notice("quiet", "Asking the provider …")])

    def end(self, *conclusions: Notice) -> None:
        """Show the conclusion, and what is said behind it, below the verdicts."""
        self._notices.say([*self._results, *conclusions])
