"""The window on the audit log without a screen: no row twice, none left out, whatever is folded and read again."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.screens.audit.log_in_memory import BEGIN, OWN, row
from tests.support.acme import ASHA, GLOBEX
from tui.data.audit.pages import Place, ReadStep
from tui.screens.audit import window as log_window
from tui.screens.audit.view import Names, row_of
from tui.screens.audit.window import AuditWindow
from tui.words.text import fit

if TYPE_CHECKING:
    from tui.models.log import AuditRow
    from tui.screens.audit.window import Direction


def by_trigger(number: int, at: float, xid: int = 7, **columns: Any) -> AuditRow:
    return row(number, at, OWN | {"source": "trigger", "xid": xid}, action="credential_updated", **columns)


class Log:
    """All rows, newest first, and a window that reads them page by page."""

    def __init__(self, rows: list[AuditRow], start: int | None = None) -> None:
        self.rows = rows
        self.places = {part.id: place for place, part in enumerate(rows)}
        self.window = AuditWindow(at_newest=start is None)
        if start is not None:
            # Just before that row, where neither the row nor the one above it has been read.
            self._places = {Place("start"): start}
            self.window.begin_at(Place("start"))

    def read(self, direction: Direction, size: int) -> None:
        """Read a page beyond what is held."""
        place = self.window.place(direction)
        if direction == "older":
            first = 0 if place is None else self._after(place)
            page = self.rows[first : first + size]
            self.window.add_older(ReadStep(tuple(page), first + size < len(self.rows), True))
        else:
            end = len(self.rows) if place is None else self._before(place)
            page = self.rows[max(0, end - size) : end]
            self.window.add_newer(ReadStep(tuple(page), end - size > 0, True))

    def read_all(self) -> None:
        """Scroll to both ends."""
        while not self.window.at_oldest:
            self.read("older", 3)
        while not self.window.at_newest:
            self.read("newer", 3)

    @property
    def held_rows(self) -> list[AuditRow]:
        """The rows held, in the order of the log."""
        rows = [part for entry in self.window.entries for part in entry.rows]
        return sorted(rows, key=self.place)

    def place(self, part: AuditRow) -> int:
        """How many rows are newer."""
        return self.places[part.id]

    def check(self) -> None:
        """Nothing is held twice, nothing is missing in between, and the lines are in order."""
        rows, entries = self.held_rows, self.window.entries
        assert len({part.id for part in rows}) == len(rows)
        if rows:
            first = self.place(rows[0])
            assert [self.place(part) for part in rows] == list(range(first, first + len(rows)))
            assert not self.window.at_newest or first == 0
            assert not self.window.at_oldest or first + len(rows) == len(self.rows)
        for entry in entries:
            places = [self.place(part) for part in entry.rows]
            assert places == sorted(places)
            assert 0 < len(places) <= log_window.MOST_IN_ENTRY
        for above, below in itertools.pairwise(entries):
            assert self.place(above.rows[0]) < self.place(below.rows[-1])
        keys = [line.key for line in self.window.lines()]
        assert len(set(keys)) == len(keys)

    def _after(self, place: Place) -> int:
        return self._places[place] if place.id is None else self.places[place.id] + 1

    def _before(self, place: Place) -> int:
        return self._places[place] if place.id is None else self.places[place.id]


@st.composite
def logs(draw: st.DrawFn) -> list[AuditRow]:
    """Up to thirty rows whose operations, transactions and own rows lie among one another."""
    rows: list[AuditRow] = []
    at = 0.0
    for number in range(draw(st.integers(1, 30))):
        at += draw(st.sampled_from([0.0, 0.0, 0.5, 1.0, 30.0, 70.0]))
        kind = draw(st.sampled_from(["operation", "alone", "operation", "trigger", "own"]))
        which = draw(st.integers(1, 3))
        if kind == "operation":
            rows.append(row(number, at, {"operation_id": f"op {which}"}))
        elif kind == "trigger":
            rows.append(by_trigger(number, at, which))
        else:
            rows.append(row(number, at, action="credential_configured" if kind == "own" else "email_sent"))
    timeless = draw(st.integers(0, 3))
    return rows + [row(len(rows) + n, None, {"operation_id": "op 1"}) for n in range(timeless)]


steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["older", "newer"]), st.integers(1, 7)),
        st.tuples(st.just("forget"), st.integers(0, 5), st.integers(0, 5)),
        st.tuples(st.just("unfold"), st.integers(0, 9)),
    ),
    max_size=25,
)


# How long a machine takes to draw an example says nothing about the window.
at_any_pace = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@at_any_pace
@given(logs(), st.none() | st.integers(0, 30), steps, st.integers(2, 5), st.integers(1, 4))
def test_every_row_is_held_once_and_in_order_however_one_scrolls(
    rows: list[AuditRow], start: int | None, script: list[Any], most: int, near: int
) -> None:
    with pytest.MonkeyPatch.context() as limits:
        limits.setattr(log_window, "MOST_IN_ENTRY", most)
        limits.setattr(log_window, "NEAR_ENTRIES", near)
        audit_log = Log(rows, None if start is None else min(start, len(rows)))
        for what, *numbers in script:
            if what == "forget":
                audit_log.window.forget(numbers[0], numbers[0] + numbers[1])
            elif what == "unfold":
                for entry in audit_log.window.entries[numbers[0] : numbers[0] + 1]:
                    entry.unfolded = not entry.unfolded
            elif not (audit_log.window.at_oldest if what == "older" else audit_log.window.at_newest):
                audit_log.read(what, numbers[0])
            audit_log.check()
        audit_log.read_all()
        audit_log.check()
        assert audit_log.held_rows == rows


@at_any_pace
@given(logs(), st.integers(1, 6))
def test_from_the_end_of_the_log_up_every_row_comes_once_too(rows: list[AuditRow], size: int) -> None:
    audit_log = Log(rows)
    audit_log.window.at_newest, audit_log.window.at_oldest = False, True
    while not audit_log.window.at_newest:
        audit_log.read("newer", size)
        audit_log.check()
    assert audit_log.held_rows == rows


def test_what_is_held_stays_bounded_and_what_is_seen_stays_whole_over_any_distance() -> None:
    rows = [row(n, n / 10, {"operation_id": f"op {n // 9}" if n % 3 else f"long {n // 900}"}) for n in range(3_000)]
    audit_log = Log(rows)
    most, at = 0, 0
    for direction in ("older", "newer"):
        while not (audit_log.window.at_oldest if direction == "older" else audit_log.window.at_newest):
            audit_log.read(direction, 200)  # type: ignore[arg-type]
            at = len(audit_log.window.entries) - 1 if direction == "older" else 0
            visible_ids = audit_log.window.entries[at]
            before = visible_ids.rows
            audit_log.window.forget(max(0, at - 100), at + 100)
            most = max(most, len(audit_log.held_rows))
            assert visible_ids in audit_log.window.entries
            assert visible_ids.rows == before
        audit_log.check()
    assert most < 2_000
    audit_log.read_all()
    assert audit_log.held_rows == rows


def test_rows_of_an_operation_are_one_line_headed_by_the_act_and_unfold_below_it() -> None:
    changes = [row(n, 1, {"operation_id": "sync", "source": "trigger"}, action="number_added") for n in range(1, 4)]
    act = row(4, 1, {"operation_id": "sync"}, action="numbers_synced")
    audit_log = Log([row(0, 0), *changes, act, row(5, 2)])
    audit_log.read_all()
    assert [line.row for line in audit_log.window.lines()] == [audit_log.rows[0], act, audit_log.rows[5]]
    audit_log.window.entries[1].unfolded = True
    lines = audit_log.window.lines()
    assert [line.row for line in lines] == [audit_log.rows[0], act, *changes, audit_log.rows[5]]
    assert [line.within for line in lines] == [False, False, True, True, True, False]


@pytest.mark.parametrize("action", ["a" * 100, "操作" * 50, "操作" * 4], ids=["long", "long and wide", "wide"])
def test_how_many_rows_are_folded_is_told_whatever_the_action_is_called(action: str) -> None:
    audit_log = Log([row(n, 1, {"operation_id": "sync"}, action=action) for n in range(3)])
    audit_log.read_all()
    shown = row_of(audit_log.window.lines()[0], Names(), UTC, is_match=False)
    assert fit(shown.cells[2].text, 19).startswith("3 rows: ")


@pytest.mark.parametrize("order", ["the trigger's first", "its own first"])
@pytest.mark.parametrize("direction", ["older", "newer"])
def test_another_programs_own_row_stands_for_the_one_that_the_trigger_wrote(order: str, direction: Direction) -> None:
    own = row(0, 0, {"via": "api"}, action="credential_configured", user_id=ASHA)
    audit_log = Log([own, by_trigger(1, 1.5)] if order == "its own first" else [by_trigger(1, 0), own])
    if direction == "newer":
        audit_log.window.at_newest, audit_log.window.at_oldest = False, True
    audit_log.read(direction, 2)
    (line,) = audit_log.window.lines()
    assert line.row == own
    assert len(line.entry.numbered) == 2


@pytest.mark.parametrize(
    "other",
    [
        by_trigger(1, 2.5),
        by_trigger(1, 0, organization_id=GLOBEX),
        by_trigger(1, 0, integration_type="exotel_sms"),
        by_trigger(1, 0, user_id=GLOBEX),
        row(1, 0, {"source": "trigger", "operation_id": "ours"}, action="credential_updated"),
        row(1, 0, {"source": "trigger", "xid": 7}, action="number_added"),
        row(1, 0, action="credential_configured", user_id=ASHA),
    ],
    ids=["later", "organisation", "type", "person", "of the console", "number", "no trigger"],
)
def test_rows_that_only_look_like_one_write_stay_apart(other: AuditRow) -> None:
    audit_log = Log([row(0, 0, action="credential_configured", user_id=ASHA), other])
    audit_log.read_all()
    assert len(audit_log.window.lines()) == 2


def test_only_rows_of_one_login_and_person_fold_and_an_opening_never_does() -> None:
    """The id of an operation is what a client says: a reveal was hidden in another person's sync."""
    sync = {"operation_id": "sync", "session_user": "ravi", "operator": "Ravi"}
    act = row(0, 0, sync, action="numbers_synced", user_id=ASHA)
    stranger = sync | {"session_user": "eve"}
    apart = {
        "another login": row(1, 0, stranger, action="number_added", user_id=ASHA),
        "another person through that login": row(1, 0, sync, action="number_added", user_id=GLOBEX),
        "another name through that login": row(1, 0, sync | {"operator": "Eve"}, action="number_added", user_id=ASHA),
        "a reveal": row(1, 0, stranger, action="credential_revealed", user_id=ASHA),
        "a reveal of one's own": row(1, 0, sync, action="credential_revealed", user_id=ASHA),
        "a copy": row(1, 0, sync, action="credential_copied", user_id=ASHA),
        "another program's": row(1, 0, sync | {"source": "backend"}, action="number_added", user_id=ASHA),
        "without a login": row(1, 0, sync | {"session_user": None}, action="number_added", user_id=ASHA),
    }
    for name, other in apart.items():
        for rows in ([act, other], [other, act]):
            audit_log = Log(rows)
            audit_log.read_all()
            assert len(audit_log.window.lines()) == 2, name
    audit_log = Log([act, row(1, 0, sync | {"source": "trigger"}, action="number_added", user_id=ASHA)])
    audit_log.read_all()
    assert len(audit_log.window.lines()) == 1
    # Another program's own account of a write is of that write, and never an opening.
    for own in (
        row(1, 0, action="credential_revealed", user_id=ASHA),
        row(1, 0, {"session_user": "eve"}, action="credential_configured", user_id=ASHA),
    ):
        audit_log = Log([by_trigger(0, 0, user_id=ASHA), own])
        audit_log.read_all()
        assert len(audit_log.window.lines()) == 2
    # Nor is a deletion hidden behind a line about something else.
    deleted = replace(by_trigger(0, 0, user_id=ASHA), action="credential_deleted")
    for action, lines in {"credential_verified": 2, "credential_deleted": 1}.items():
        audit_log = Log([deleted, row(1, 0, action=action, user_id=ASHA)])
        audit_log.read_all()
        assert len(audit_log.window.lines()) == lines, action


def test_rows_of_one_transaction_fold_and_those_of_another_one_or_a_minute_later_do_not() -> None:
    rows = [by_trigger(0, 0, 7), by_trigger(1, 0, 8), by_trigger(2, 1, 7), by_trigger(3, 70, 7)]
    audit_log = Log(rows)
    audit_log.read_all()
    assert [len(entry.numbered) for entry in audit_log.window.entries] == [2, 1, 1]


def test_looking_on_begins_where_looking_has_come_to_without_a_row() -> None:
    window = AuditWindow(at_newest=True)
    window.add_older(ReadStep((), more=True, done=False, searched_to=BEGIN))
    assert window.place("older") == Place.at_time(BEGIN)
    assert window.searched_to == BEGIN
    first = row(0, 0)
    window.add_older(ReadStep((first,), more=True, done=True, searched_to=BEGIN))
    window.add_older(ReadStep((first, row(1, 1)), more=False, done=True))
    assert [line.row.id for line in window.lines()] == [first.id, row(1, 1).id]
    assert window.at_oldest
