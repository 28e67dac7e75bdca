"""One row of the audit log in full: who, when, from where, before and after, and the details as exact JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from rich.cells import chop_cells

from tui.data.audit.rows import read_long_details
from tui.data.seals.row_check import check_row
from tui.errors import PermissionDenied, SchemaMissing, SwitchboardError
from tui.screens.audit.invocations import log_invocation
from tui.screens.audit.prompts import like_this
from tui.screens.audit.proof import write_proof
from tui.screens.audit.view import MOST_CHANGES, TONES, Names, changes_of, person_of
from tui.screens.page import Page
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.row_list import Cell, Column, Row, RowBody, RowList
from tui.words.log.invocation import Invocation
from tui.words.log.rows import clock_in_full, other_claim
from tui.words.text import safe_text, spelled, spelled_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import tzinfo

    from textual import events
    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.audit.rows import LongDetails
    from tui.data.seals.row_check import RowSeal
    from tui.models.log import AuditRow
    from tui.widgets.frame import Tone

LABEL = 13
MOST_LINES = 5_000

OTHER_CLAIM = "But claimed"
COMPARING = "its hour is being compared with its seal ..."
CANNOT_TELL = "not known: your role does not see the whole log, or the row has no valid time"
NO_SEALS = "not known: this database has no seals yet; section 5 sets them up"
NOT_COMPARED = "not known: its hour could not be compared"
NOT = "NOT as it was sealed"
SEAL_WORDS: dict[RowSeal, str] = {
    "as sealed": "as it was sealed, with every row of its hour; `switchboard audit verify` checks all hours",
    "not sealed yet": "its hour is not sealed yet",
    "altered": f"{NOT}: the row was altered afterwards",
    "added": f"{NOT}: the row was added afterwards",
    "hour altered": f"{NOT}: some row of its hour was changed; `switchboard audit verify` says more",
    "seal missing": f"{NOT}: its hour had no row then, or its seal was removed",
    "seal altered": f"{NOT}: the seal of its hour is not signed with a key that the database knows",
}
"""What stands beside "Seal": only the hour of the row is looked at."""


class AuditRowScreen(Page):
    """Scrolls through everything a row holds; left and right go to the rows beside it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("left,h", "step(-1)", "Newer row", id="log_row.newer", tooltip="The next newer row"),
        bind("right,l", "step(1)", "Older row", id="log_row.older", tooltip="The next older row"),
        bind("y", "copy", "Copy", id="log_row.copy", tooltip="Copy the whole row as JSON"),
        bind(
            "p", "prove", "Proof", id="log_row.prove", tooltip="Write a proof of the row for whoever has the public key"
        ),
    ]
    section = "audit"
    is_inner = True

    def __init__(self, row: AuditRow, names: Names, step: Callable[[int], AuditRow | None]) -> None:
        super().__init__()
        self._row = row
        self._names = names
        self._step = step
        self._seal = COMPARING
        self._long: LongDetails | None = None

    def compose_body(self) -> Iterable[Widget]:
        yield RowList((Column(self._heading(), 20, grows=True),))

    def hints(self) -> Hints:
        return (
            ("left right", "newer, older row"),
            ("y", "copy as JSON"),
            ("p", "proof"),
            ("esc", "back"),
            ("?", "help"),
        )

    def context(self) -> tuple[Part, ...]:
        return (Part(f"row {self._row.id}", "quiet"),)

    def on_mount(self) -> None:
        self._show()

    async def load(self) -> None:
        if self._row.is_cut:
            self._long = await read_long_details(self.session.database, self._row)
            if self.is_mounted:
                self._show()
        try:
            seal = await check_row(self.session.database, self._row)
            self._seal = SEAL_WORDS[seal] if seal else CANNOT_TELL
        except PermissionDenied:
            # The rest of the row they may see.
            self._seal = CANNOT_TELL
        except SchemaMissing:
            self._seal = NO_SEALS
        except SwitchboardError:
            self._seal = NOT_COMPARED
            if self.is_mounted:
                self._show()
            raise
        if self.is_mounted:
            self._show()

    def on_resize(self, event: events.Resize) -> None:
        self._show()

    def action_step(self, by: int) -> None:
        row = self._step(by)
        if row is None:
            self.status.say("There is no newer row here yet." if by < 0 else "There is no older row here yet.")
            return
        self.status.clear()
        self._row, self._long, self._seal = row, None, COMPARING
        self.query_one(RowBody).cursor = 0
        self._show()
        self.start_load()
        self.refresh_frame()

    def invocations(self) -> Sequence[Invocation]:
        """Return the command that proves the row, and the one that lists the operation that it is of, if it is."""
        proof = Invocation("audit prove", {"row": str(self._row.id)})
        operation = like_this(self._row).get("o")
        if operation is None:
            return (proof,)
        return (log_invocation("audit list", operation, self._row.organization_id), proof)

    def action_copy(self) -> None:
        self.copy_row(as_json(self._row), " as JSON")

    def action_prove(self) -> None:
        write_proof(self, self._row.id)

    def _heading(self) -> str:
        return f"{safe_text(self._row.action, 100)}: {safe_text(self._row.status, 50)}"

    def _show(self) -> None:
        width = max(40, self.size.width - 1)
        about = row_lines(self._row, self._names, self.session.settings.timezone, width, self._seal, self._long)
        lines = [Row(str(n), (Cell(text, tone),)) for n, (text, tone) in enumerate(about)]
        rows = self.query_one(RowList)
        rows.use_columns((Column(self._heading(), 20, grows=True),))
        rows.body.show(lines)


def as_json(row: AuditRow) -> str:
    """Return the whole row as JSON that hides nothing."""
    names = ("id", "organization_id", "user_id", "integration_type", "action", "status", "details", "ip_address")
    values = {name: getattr(row, name) for name in (*names, "user_agent")}
    return spelled_json(values | {"created_at": row.created_at or row.created_at_text or None})


def row_lines(
    row: AuditRow,
    names: Names,
    zone: tzinfo,
    width: int,
    seal: str = COMPARING,
    long: LongDetails | None = None,
) -> list[tuple[str, Tone]]:
    """Return the lines about a row, each with its tone, broken at `width` cells; `long` are details of one that is cut.

    Whoever looks at it is told where the row has more than that.
    """
    if long is not None:
        row = replace(row, details=long.evidence)
    # A row of another program may be 50 MB large.
    details, most = row.evidence, MOST_LINES * width
    facts = [
        ("Time", clock_in_full(row, zone, datetime.now(UTC))),
        ("Who", person_of(row, names)),
        (OTHER_CLAIM, other_claim(details)),
        ("User id", str(row.user_id or "none")),
        ("Organisation", _with_id(names.organization(row.organization_id), str(row.organization_id))),
        ("Type", spelled(row.integration_type)),
        ("Status", spelled(row.status)),
        ("Address", row.ip_address or "none"),
        ("User agent", spelled(row.user_agent) if row.user_agent else "none"),
        ("Role", spelled(details["role"]) if details.get("role") else ""),
        ("Connected as", spelled(details["session_user"]) if details.get("session_user") else ""),
        ("Seen from", spelled(details["client_address"]) if details.get("client_address") else ""),
        ("Operation", spelled(details["operation_id"]) if details.get("operation_id") else ""),
        ("Seal", seal),
        ("Written by", "a trigger" if details.get("source") == "trigger" else ""),
    ]
    happened = _wrap(names.sentence(row, zone), width)
    out: list[tuple[str, Tone]] = [*((line, TONES.get(row.status, "plain")) for line in happened), ("", "plain")]
    for label, text in facts:
        if text:
            first, *rest = _wrap(text, width - LABEL)
            tone: Tone = "bad" if label == "Seal" and seal.startswith(NOT) else "plain"
            tone = "warning" if label == OTHER_CLAIM else tone
            out += [(f"{label.ljust(LABEL)}{first}", tone), *((" " * LABEL + more, tone) for more in rest)]
    changes = changes_of(row, most)
    if changes:
        out += [("", "plain"), ("Before and after", "good")]
        for name, before, after in changes:
            for sign, value in (("-", before), ("+", after)):
                if value:
                    out += [(text, "plain") for text in _wrap(f"{sign} {name}: {value}", width, "    ")]
        if len(changes) >= MOST_CHANGES:
            out.append(("More columns are in the JSON below.", "quiet"))
    text = spelled_json(row.details, most)
    out += [("", "plain"), ("Details (JSON, exact; invisible characters are escaped)", "good")]
    if long is not None:
        text = spelled(long.text)
        shown = f"First {len(long.text):,} characters of {long.size:,} bytes; x in the list exports all."
        out.append((shown if len(long.text) < long.size else f"{long.size:,} bytes", "warning"))
    for line in text.split("\n")[:MOST_LINES]:
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        out += [(text, "plain") for text in _wrap(line, width, indent)]
    if len(out) <= MOST_LINES:
        return out
    cut = f"Cut after {MOST_LINES:,} lines: y copies the whole row, x in the list exports it."
    return [*out[: MOST_LINES - 1], (cut, "warning")]


def _with_id(name: str, identity: str) -> str:
    return identity if name == identity else f"{name} ({identity})"


def _wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Break a text at `width` cells, wherever that falls: nothing of it is dropped, blanks included."""
    first, *more = chop_cells(text, width) or [""]
    indent = indent[: width // 2]
    rest = chop_cells("".join(more), width - len(indent)) if more else []
    return [first, *(f"{indent}{text}" for text in rest)]
