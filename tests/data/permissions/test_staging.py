"""Staged changes of permissions: steps and their undoing, and the net difference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from tests.support.acme import ACME
from tui.data.permissions.staging import Staged, Step
from tui.data.permissions.values import NOTHING, Access, Cell, Grant
from tui.errors import InvalidInput

if TYPE_CHECKING:
    from tui.data.rights import Right

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PHONE, MAIL = UUID(int=1), UUID(int=2)
ANN, BOB, CY = UUID(int=11), UUID(int=12), UUID(int=13)
VIEW, SEND = Access(("view",)), Access(("view", "send"))


def cell(user: UUID, integration: UUID = PHONE, access: Access | None = None) -> Cell:
    grant = None if access is None else Grant(uuid4(), user, integration, access)
    return Cell(user, integration, grant)


def toggle(staged: Staged, cells: list[Cell], right: Right) -> Step:
    """Give a right to all of the cells, or take it where all of them have it, as a key of the grid does."""
    have_it = all(staged.access(cell).has(right) for cell in cells)
    return (staged.take if have_it else staged.give)(cells, (right,), NOW)


@pytest.fixture
def staged() -> Staged:
    return Staged(ACME)


def test_a_toggle_gives_to_all_and_takes_only_where_all_have_it(staged: Staged) -> None:
    cells = [cell(ANN, access=SEND), cell(BOB)]
    step = toggle(staged, cells, "send")
    assert step.cells == {(BOB, PHONE)}
    assert step.notes == ("send implies view: view added.",)
    assert [staged.access(each) for each in cells] == [SEND, SEND]
    toggle(staged, cells, "send")
    assert [staged.access(each) for each in cells] == [VIEW, VIEW]


def test_undo_takes_back_one_step_however_many_cells_it_covered(staged: Staged) -> None:
    column = [cell(user) for user in (ANN, BOB, CY)]
    toggle(staged, column, "view")
    toggle(staged, column[:1], "send")
    assert (len(staged), staged.steps) == (3, 2)
    assert staged.undo() == {(ANN, PHONE)}
    assert staged.access(column[0]) == VIEW
    assert staged.undo() == {each.key for each in column}
    assert (len(staged), staged.steps, staged.undo()) == (0, 0, frozenset())
    assert not staged.is_changed((ANN, PHONE))


def test_a_cell_that_is_wanted_as_it_was_seen_is_no_change(staged: Staged) -> None:
    anns_cell = cell(ANN, access=VIEW)
    toggle(staged, [anns_cell], "send")
    assert staged.is_changed(anns_cell.key)
    toggle(staged, [anns_cell], "send")
    assert (len(staged), staged.review().total, staged.steps) == (0, 0, 2)
    assert not staged.is_changed(anns_cell.key)
    assert staged.review().sentence() == "no change"
    toggle(staged, [cell(BOB)], "view")
    staged.revoke([cell(BOB)], NOW)
    assert len(staged) == 0


def test_a_right_that_is_taken_and_given_again_keeps_its_expiry_and_limits(staged: Staged) -> None:
    limited = Access(("view",), expires_at=NOW + timedelta(days=1), daily_limit=5, monthly_limit=50)
    anns_cell = cell(ANN, access=limited)
    toggle(staged, [anns_cell], "view")
    assert staged.access(anns_cell) == NOTHING
    assert toggle(staged, [anns_cell, anns_cell], "view").notes == ()
    assert staged.access(anns_cell) == limited
    assert len(staged) == 0
    staged.revoke([anns_cell], NOW)
    staged.give([anns_cell], ("send",), NOW)
    assert staged.access(anns_cell) == Access(("view", "send"), limited.expires_at, 5, 50)
    staged.revoke([anns_cell], NOW)
    staged.take([anns_cell], ("configure",), NOW)
    assert staged.access(anns_cell) == NOTHING


def test_a_cell_that_is_staged_back_shows_what_is_read_next_and_is_staged_against_that(staged: Staged) -> None:
    toggle(staged, [cell(ANN), cell(BOB)], "view")
    toggle(staged, [cell(ANN)], "view")
    by_another = cell(ANN, access=SEND)
    assert staged.access(by_another) == SEND
    assert not staged.is_changed(by_another.key)
    toggle(staged, [by_another], "send")
    (change,) = staged.review().changes
    assert (change.seen, change.wanted) == (by_another.grant, VIEW)
    assert staged.undo() == {by_another.key}
    assert staged.access(by_another) == SEND
    assert staged.undo() == {(BOB, PHONE)}
    assert (len(staged), staged.steps) == (0, 0)


def test_staging_what_is_there_already_is_no_step(staged: Staged) -> None:
    assert staged.stage([(cell(ANN, access=VIEW), VIEW)], NOW).cells == frozenset()
    assert staged.steps == 0


def test_the_review_groups_by_grant_change_and_revoke_with_counts(staged: Staged) -> None:
    staged.give([cell(ANN), cell(ANN, MAIL), cell(BOB)], ("configure",), NOW)
    toggle(staged, [cell(BOB, MAIL, VIEW)], "send")
    staged.revoke([cell(CY, access=SEND)], NOW)
    review = staged.review()
    assert (len(review.grants), len(review.changes), len(review.revokes)) == (3, 1, 1)
    assert review.sentence() == "3 grants, 1 change and 1 revoke for 3 people"
    assert review.configure_given == 3
    (change,), (revoke,) = review.changes, review.revokes
    assert (change.kind, change.gained, change.lost, change.before) == ("change", ("send",), (), VIEW)
    assert (revoke.kind, revoke.gained, revoke.lost, revoke.wanted) == ("revoke", (), ("view", "send"), NOTHING)
    assert len(staged) == review.total == 5
    assert staged.without({change.key, revoke.key}).review().sentence() == "3 grants for 2 people"


def test_what_was_seen_first_stays_seen_when_the_grid_reads_the_cell_again(staged: Staged) -> None:
    first = cell(ANN, access=VIEW)
    toggle(staged, [first], "send")
    toggle(staged, [cell(ANN, access=Access(("view", "send", "configure")))], "configure")
    (change,) = staged.review().changes
    assert change.seen is first.grant
    assert change.wanted == Access(("view", "send", "configure"))


def test_limits_are_set_only_where_there_is_a_right_and_say_so(staged: Staged) -> None:
    cells = [cell(ANN, access=VIEW), cell(BOB)]
    when = NOW + timedelta(days=3)
    step = staged.limit(cells, NOW, expires_at=when, daily_limit=5)
    assert step.notes == ("1 cell has no right yet: expiry and limits need one.",)
    assert staged.access(cells[0]) == Access(("view",), expires_at=when, daily_limit=5)
    assert staged.access(cells[1]) == NOTHING
    staged.limit(cells[:1], NOW, daily_limit=None)
    assert staged.access(cells[0]) == Access(("view",), expires_at=when)


def test_one_value_that_cannot_be_leaves_the_whole_step_unstaged(staged: Staged) -> None:
    cells = [cell(ANN, access=VIEW), cell(BOB, access=Access(("view",), monthly_limit=3))]
    with pytest.raises(InvalidInput):
        staged.limit(cells, NOW, daily_limit=5)
    with pytest.raises(InvalidInput):
        staged.limit(cells, NOW, expires_at=NOW)
    assert (len(staged), staged.steps, staged.access(cells[0])) == (0, 0, VIEW)


def test_a_row_is_copied_to_several_people_with_what_is_staged_and_without_what_has_expired(staged: Staged) -> None:
    limited = Access(("view", "send"), daily_limit=5, expires_at=NOW + timedelta(days=9))
    source = [cell(ANN, access=limited), cell(ANN, MAIL, Access(("view",), expires_at=NOW - timedelta(days=1)))]
    toggle(staged, source[:1], "configure")
    target = [cell(BOB), cell(BOB, MAIL, VIEW), cell(CY), cell(CY, MAIL), cell(CY, UUID(int=3), VIEW)]
    step = staged.copy(source, target, NOW)
    assert step.notes == ("1 expired permission was not copied.",)
    copied = Access(("view", "send", "configure"), limited.expires_at, 5)
    assert [staged.access(each) for each in target] == [copied, NOTHING, copied, NOTHING, VIEW]
    assert step.cells == {(BOB, PHONE), (BOB, MAIL), (CY, PHONE)}
    staged.undo()
    assert len(staged) == 1
    assert staged.copy(source[:1], target[:1], NOW).notes == ()


def test_without_leaves_cells_out_of_everything_staged(staged: Staged) -> None:
    toggle(staged, [cell(ANN), cell(BOB)], "view")
    toggle(staged, [cell(ANN)], "send")
    remaining = staged.without([(ANN, PHONE)])
    assert (len(remaining), remaining.steps, remaining.organization_id) == (1, 1, ACME)
    assert remaining.undo() == {(BOB, PHONE)}
    assert len(staged) == 2
    staged.clear()
    assert (len(staged), staged.steps) == (0, 0)


def test_a_stored_send_without_view_is_put_right_when_the_cell_is_changed(staged: Staged) -> None:
    odd = cell(ANN, access=Access(("send",)))
    step = staged.limit([odd], NOW, daily_limit=5)
    assert staged.access(odd) == Access(("view", "send"), daily_limit=5)
    assert step.notes == ("send implies view: view added.",)
