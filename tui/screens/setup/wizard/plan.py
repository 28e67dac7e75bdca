"""The wizard's third step: what is there, what will be done, the holes with their queries, and the SQL to read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.data.postgres.conninfo.uri import connection_uri
from tui.data.schema.adoption import SHAPE_SENTENCES
from tui.data.setup.plan import plan_setup
from tui.errors import InvalidInput, PermissionDenied, SwitchboardError
from tui.screens.setup.wizard.saving import SaveLines
from tui.screens.setup.wizard.step import Step
from tui.settings.checked_file import create_file
from tui.widgets.bindings import bind
from tui.widgets.form import ActionLine, CycleLine, Option
from tui.widgets.notices import Notice, NoticeList
from tui.words.counts import counted, counted_kinds
from tui.words.text import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.schema.plan import Plan
    from tui.data.schema.shape import CatalogueEntry
    from tui.screens.setup.wizard.flow import Flow
    from tui.widgets.frame import Hints

SQL_FILE = "switchboard-schema.sql"
VIEWS = (
    Option("summary", "summary", "left and right show the other views"),
    Option("changes", "every change", "+ created, ~ changed, = accepted, ? none of these"),
    Option("holes", "holes", "each with the query that shows it"),
    Option("sql", "the SQL", "everything that will be run"),
)


class PlanStep(Step):
    """Shows the plan; nothing is changed here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("pageup", "read(-1)", "Read up", id="wizard.read_up"),
        bind("pagedown", "read(1)", "Read on", id="wizard.read_down", tooltip="Scroll the text"),
    ]
    key = "plan"
    rail_name = "Plan"
    heading = "What will be done"
    lead = "Nothing has been changed yet. No row is changed, no table or column dropped."

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow)
        self._findings = NoticeList(flow.glyphs, id="p-found")
        self._save = SaveLines(flow, "the connection and its password", ticked=flow.settings.nothing_configured)
        self._write = ActionLine(f"Write the SQL to {SQL_FILE}, for somebody who may run it", id="p-write")
        self._view = CycleLine("Show", VIEWS, id="p-view")
        self._text = Static("", id="p-text", markup=False)

    def compose_step(self) -> Iterable[Widget]:
        yield self._findings
        yield self._save
        yield self._write
        yield self._view
        with VerticalScroll(id="p-scroll"):
            yield self._text

    def on_mount(self) -> None:
        """Offer to save where it would count: the environment wins over `.env`."""
        self._save.display = "DATABASE_URL" not in self.flow.environ
        self._write.display = False

    async def arrive(self) -> None:
        """Make the plan anew: the connection may be another one now."""
        self.problem.clear()
        self._write.display = False
        self._findings.say([Notice("quiet", "Checking the database ...")])
        self.flow.plan = None
        try:
            plan = self.flow.plan = await plan_setup(self.flow.conninfo())
        except SwitchboardError:
            self._findings.clear()
            self._text.update("")
            raise
        self._findings.say(_notices(plan))
        self._write.display = any(problem.error is PermissionDenied for problem in plan.facts.problems)
        self._show_text()

    def first_line(self) -> Widget:
        return self._view

    def hints(self) -> Hints:
        return (("left/right", "view"), ("pgdn", "read")) if self._view.has_focus else ()

    async def finish(self) -> bool:
        """Go on when nothing is in the way, looking once more where something was."""
        if self.flow.plan is None or self.flow.plan.in_the_way:
            await self.arrive()
        if self.flow.plan is None or self.flow.plan.in_the_way:
            return self.refuse("Setup cannot continue.", "Solve the problems above, then press enter to check again.")
        if self._save.display and self.flow.connection is not None:
            await self._save.save({"DATABASE_URL": connection_uri(self.flow.connection)})
        return True

    def on_cycle_line_changed(self, event: CycleLine.Changed) -> None:
        event.stop()
        self._show_text()

    def on_action_line_pressed(self, event: ActionLine.Pressed) -> None:
        event.stop()
        self.host.run_act(self._write_sql)

    def action_read(self, by: int) -> None:
        """Scroll the text from wherever the focus is."""
        scroll = self.query_one("#p-scroll", VerticalScroll)
        scroll.scroll_relative(y=by * max(1, scroll.size.height - 1), animate=False)

    def _show_text(self) -> None:
        plan = self.flow.plan
        if plan is not None:
            self._text.update("\n".join(_text(plan, self._view.chosen)))
            self.query_one("#p-scroll").scroll_home(animate=False)

    async def _write_sql(self) -> None:
        plan = self.flow.plan
        if plan is None:
            return
        try:
            create_file(Path(SQL_FILE), plan.sql_text)
        except OSError as exc:
            self.fail(InvalidInput(f"{SQL_FILE} could not be written: {exc.strerror}.", "Use another folder."))
            return
        self.problem.say(
            [Notice("good", f"Written to {SQL_FILE} in this folder.", "When it has been run, press enter.")]
        )


def _notices(plan: Plan) -> list[Notice]:
    """The plan in a few lines, the worst last."""
    verdicts = [Notice("good" if plan.is_empty else "plain", SHAPE_SENTENCES[plan.starting_shape])]
    if plan.in_the_way:
        sentences = [Notice("bad", problem.sentence, problem.what_to_do) for problem in plan.facts.problems]
        return [*verdicts, *(sentences or [Notice("bad", line.text, plan.way_out) for line in plan.in_the_way])]
    if plan.is_empty:
        verdicts.append(Notice("good", "Everything is installed: nothing will be changed."))
    else:
        counts = (
            f"{len(plan.missing)} objects will be created, {len(plan.different)} changed, {len(plan.present)} kept."
        )
        verdicts.append(Notice("plain", counts))
    if plan.accepts:
        things = counted(len(plan.accepts), "object of another program is", "objects of other programs are")
        verdicts.append(Notice("plain", f"{things} harmless: installing accepts what “every change” lists with =."))
    if plan.foreign:
        things = counted(len(plan.foreign), "object of another program is", "objects of other programs are")
        verdicts.append(Notice("warning", f"{things} possibly harmful, or not accepted yet: see “every change”."))
    if plan.holes:
        holes = counted(len(plan.holes), "security hole", "security holes")
        verdicts.append(Notice("warning", f"{holes} found in the existing tables. Each is shown below."))
    return verdicts


def _text(plan: Plan, view: str) -> list[str]:
    """The lines of one view, as safe text."""
    if view == "sql":
        return [spelled(line) for line in plan.sql_text.splitlines()]
    if view == "holes":
        return _holes(plan)
    if view == "changes":
        created = [spelled(f"+ {line}") for line in plan.missing]
        changed = [spelled(f"~ {line}") for line in plan.different]
        later = [f"+ index {name} (built afterwards, without blocking anybody)" for name in plan.log_indexes]
        accepted = [spelled(f"= {line}") for line in plan.accepts]
        foreign = [spelled(f"? {drift.sentence}") for drift in plan.foreign]
        return foreign + accepted + changed + created + later or ["Nothing will be changed."]
    return _summary("created", plan.missing) + _summary("changed", plan.different) or ["Nothing will be changed."]


def _holes(plan: Plan) -> list[str]:
    lines: list[str] = []
    for hole in plan.holes:
        lines += [hole.title, f"  {hole.sentence}", f"  {hole.way_out}", "  The query that shows it:"]
        lines += [f"    {line}" for line in hole.query.splitlines()] + [""]
    return [spelled(line) for line in lines] or ["No security hole was found."]


def _summary(what: str, lines: Sequence[CatalogueEntry]) -> list[str]:
    return [f"Will be {what}: {counted_kinds(line.kind for line in lines)}."] if lines else []
