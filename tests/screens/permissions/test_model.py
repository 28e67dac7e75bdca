"""The grid's rows and lines without a screen: letters, signs, bars, who somebody is, and what a selection holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.support.acme import ACME
from tests.support.database.people import TYPES, integration, person
from tui.data.permissions.listing import Holder, PeopleFilter, PeoplePage, Standing, Use
from tui.data.permissions.values import Access, Grant
from tui.errors import InvalidInput
from tui.models.integrations import Integration
from tui.models.people import Person
from tui.screens.permissions import people_list
from tui.screens.permissions.model import GridModel
from tui.screens.permissions.people_list import PeopleList
from tui.screens.permissions.people_window import PeopleWindow
from tui.screens.permissions.staging import SelectedCells, stage_copy, stage_right, stage_values
from tui.screens.permissions.view import heading, legend
from tui.widgets.glyphs import UNICODE
from tui.widgets.grid import Selection
from tui.widgets.grid_cells import grid_width_wanted

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STANDINGS: tuple[Standing, ...] = ("active", "inactive", "of another organisation", "not in the directory")
VIEW = Access(("view",))


def model_of(accesses: dict[tuple[int, int], Access], standings: dict[int, Standing] | None = None) -> GridModel:
    """A model of six people on the four known types; accesses by person and integration, both from 1."""
    model = GridModel(ACME, UNICODE, UTC)
    model.integrations = [Integration(integration(n), ACME, kind, is_active=n != 4) for n, kind in enumerate(TYPES, 1)]
    people = tuple(
        Holder(person(n), f"person{n}@acme.example", f"Person {n:06}", (standings or {}).get(n, "active"))
        for n in range(1, 7)
    )
    grants = {
        (person(who), integration(which)): Grant(UUID(int=who), person(who), integration(which), access)
        for (who, which), access in accesses.items()
    }
    model.listing = PeopleList(None, ACME, PeopleFilter(), "name")  # type: ignore[arg-type]
    model.listing.window = PeopleWindow.beginning(PeoplePage(people, grants, None, None, False, NOW))
    return model


def drawn(model: GridModel, index: int) -> str:
    """A row as it stands in the grid."""
    row = model.row(index)
    assert row is not None
    return " ".join(" ".join(cell.drawn(14).split()) for cell in row.cells)


def select(model: GridModel, rows: tuple[int, int], columns: tuple[int, int]) -> SelectedCells:
    chosen = model.selected_cells(Selection("range", rows, columns))
    assert chosen is not None
    return chosen


def lines(model: GridModel, index: int, column: int) -> dict[str, str]:
    """The lines below the grid by their labels."""
    shown = model.detail(index, column, Selection("cell", (index, index), (column, column)))
    return {line.label.strip(): line.text for line in shown}


def test_rights_expiry_limits_and_use_are_told_by_letters_signs_and_bars() -> None:
    model = model_of(
        {
            (1, 1): Access(("view", "send", "configure")),
            (1, 2): Access(("view",), expires_at=NOW - timedelta(days=1)),
            (1, 3): Access(("view",), expires_at=NOW + timedelta(days=3)),
            (1, 4): Access(("view",), expires_at=NOW + timedelta(days=20)),
            (2, 1): Access(("view", "send"), daily_limit=4, monthly_limit=1_000),
            (3, 1): Access(("view",), daily_limit=0),
        }
    )
    row = model.row(0)
    assert row is not None
    assert [cell.text[:3] for cell in row.cells] == ["VSC", "V--", "V--", "V--"]
    assert [cell.sign for cell in row.cells] == ["", "✗", "▲", "◌"]
    assert [cell.tone for cell in row.cells] == ["plain", "bad", "warning", "quiet"]
    assert lines(model, 0, 1)["Expires"].startswith("expired ")
    # Bars come once it is known what was sent.
    assert lines(model, 1, 0)["Sent"] == "loading …"
    assert "d" not in drawn(model, 1)
    model.listing.window.pages[0].used = {(person(2), "exotel_phone"): Use(6, 6)}  # type: ignore[union-attr]
    assert "d■■■m■□□" in drawn(model, 1)
    assert "d■■■■■■" in drawn(model, 2)
    assert lines(model, 1, 0)["Sent"] == "6 of 4 ■■■■■■■■■■ today   6 of 1,000 ■□□□□□□□□□ this month"
    assert (model.has_limit(0), model.has_limit(1)) == (False, True)
    model.may_see_use = False
    assert lines(model, 1, 0)["Sent"] == "not visible to your role"
    headings = [(column.top, column.bottom) for column in (heading(i, UNICODE) for i in model.integrations[2:])]
    assert headings == [("Exotel", "SMS"), ("○ Zoho", "Mail disabled")]
    ends = ["▲ soon", "d m share of day, month limit", "3/50 day, mo: 3 of 50 sent, UTC"]
    assert [legend(UNICODE, column).endswith(end) for column, end in zip((10, 11, 16), ends, strict=True)] == [True] * 3


def test_people_who_are_not_simply_active_are_marked_named_and_given_nothing() -> None:
    model = model_of({(2, 1): VIEW, (3, 1): VIEW}, dict(enumerate(STANDINGS, 1)))
    rows = [model.row(index) for index in range(4)]
    assert [(row.sign, row.tone) for row in rows if row] == [
        *(("", "plain"), ("○", "quiet"), ("→", "quiet"), ("✗", "quiet")),
    ]
    for index, standing in enumerate(STANDINGS):
        assert (f"({standing})" in lines(model, index, 0)["Person"]) == (standing != "active")
    step = stage_right(model.staged, select(model, (0, 3), (0, 0)), "send")
    assert step.cells == {(person(1), integration(1))}
    assert step.notes[-1] == "3 people are not active in the organisation and get no rights."
    step = stage_values(model.staged, select(model, (0, 1), (0, 0)), {"daily_limit": 5})
    assert step.notes[-1] == "Person 000002 is inactive in the directory and gets no rights."
    assert model.access(1, 0) == VIEW
    step = stage_copy(model.staged, model.cells(0), select(model, (1, 1), (0, 3)))
    assert (step.cells, len(step.notes)) == (frozenset(), 1)
    # Whoever is no longer here can still lose what they have.
    assert stage_right(model.staged, select(model, (1, 1), (0, 0)), "view").cells == {(person(2), integration(1))}


def test_what_is_staged_stands_in_the_row_below_it_and_in_what_is_copied() -> None:
    model = model_of({(1, 1): Access(("view",), daily_limit=5)})
    stage_right(model.staged, select(model, (0, 0), (0, 1)), "send")
    row = model.row(0)
    assert row is not None
    assert [(cell.mark, cell.tone) for cell in row.cells] == [("*", "warning")] * 2 + [("", "quiet")] * 2
    whatsapp, phone = lines(model, 0, 1), lines(model, 0, 0)
    assert (whatsapp["Access"], whatsapp["Expires"]) == ("Exotel WhatsApp: view, send (was nothing)  * staged", "never")
    assert (phone["Access"], phone["Expires"]) == ("Exotel phone: view, send (was view)  * staged", "never")
    soon = NOW + timedelta(days=3)
    stage_values(model.staged, select(model, (0, 0), (0, 0)), {"expires_at": soon, "daily_limit": 9})
    model.listing.window.pages[0].used = {(person(1), "exotel_phone"): Use(3, 40)}  # type: ignore[union-attr]
    phone = lines(model, 0, 0)
    assert phone["Access"].endswith("(was view)  * staged, daily limit 5 -> 9")
    assert phone["Expires"] == "2026-11-25 12:00 UTC, in 3 d (was never)"
    assert phone["Sent"].startswith("3 of 9 ")
    stage_right(model.staged, select(model, (0, 0), (0, 0)), "view")
    phone = lines(model, 0, 0)
    assert phone["Access"] == "Exotel phone: nothing (was view)  * staged"
    assert (phone["Expires"], phone["Sent"][:7]) == ("(was never)", "3 of 5 ")
    stage_right(model.staged, select(model, (0, 0), (0, 0)), "send")
    assert "exotel_phone: view, send, 5 a day" in model.row_text(0)
    assert model.places([(person(1), integration(2)), (person(99), integration(1))]) == [(0, 1)]


def test_a_selection_tells_how_much_it_holds_and_is_another_once_others_have_its_place() -> None:
    model = model_of({})
    block, column = Selection("range", (0, 2), (0, 1)), Selection("columns", None, (1, 1))
    assert model.selection_words(block) == "3 people × 2 integrations"
    assert model.selection_words(column) == "everybody listed (6) × 1 integration"
    # What stands below it is of the cell under the cursor, and says whose it is.
    texts = [line.text for line in model.detail(1, 0, block)[:2]]
    assert texts == ["3 people × 2 integrations", "Person 000002, Exotel phone: nothing"]
    assert model.selected_cells(column) is None
    assert len(select(model, (0, 2), (0, 1)).cells) == 6
    before = model.identity_of(block)
    assert model.identity_of(block) == before
    assert model.corner(2) == ("3 of 6", "Person")
    page = model.listing.window.pages[0].page  # type: ignore[union-attr]
    others = PeoplePage(page.people[1:], {}, None, None, False, NOW)
    model.listing.window = PeopleWindow.beginning(others)  # type: ignore[union-attr]
    assert model.identity_of(block) != before
    assert model.selected_cells(Selection("range", (0, 5), (0, 0))) is None


def test_a_row_that_was_taken_is_put_as_it_is_since_where_its_person_is_loaded() -> None:
    model = model_of({(1, 1): VIEW})
    taken = model.cells(0)
    cell = taken[0]
    assert cell.grant is not None
    changed = Grant(cell.grant.id, cell.user_id, cell.integration_id, Access(("view", "configure")))
    model.update_grants({cell.key: changed})
    assert model.as_loaded(taken)[0].access == Access(("view", "configure"))
    assert model.access(0, 0) == Access(("view", "configure"))
    model.update_grants({cell.key: None})
    assert model.access(0, 0) == Access()
    model.listing.window = PeopleWindow()  # type: ignore[union-attr]
    assert model.as_loaded(taken) == taken
    assert (model.row(0), model.person(0), model.detail(0, 0, Selection("cell", (0, 0), (0, 0)))) == (None, None, ())


async def test_more_people_than_may_be_changed_at_once_are_refused_with_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = model_of({})
    assert model.listing is not None

    async def count() -> int:
        return 6

    monkeypatch.setattr(people_list, "MOST_AT_ONCE", 5)
    monkeypatch.setattr(model.listing, "_count", count)
    with pytest.raises(InvalidInput, match="6 people are listed, and at most 5 are changed at once"):
        await model.read_all_cells((0, 0))


@pytest.mark.parametrize(
    ("text", "rest", "rights", "meant"),
    [
        ("", "", (), ()),
        ("whatsapp", "whatsapp", (), (2,)),
        ("Exotel Ph", "Exotel Ph", (), (1,)),
        ("exotel_s", "exotel_s", (), (3,)),
        ("mailb", "mailb", (), (4,)),
        ("exo", "exo", (), (1, 2, 3)),
        # A part of many people's names, and no beginning of a word.
        *(("ma", "ma", (), ()), ("atsapp", "atsapp", (), ()), (" a  b ", "a  b", (), ())),
        *(("can:send", "", ("send",), ()), ("CAN:S", "", ("send",), ()), ("can:", "", (), ())),
        ("zoho can:view can:conf", "zoho", ("view", "configure"), (4,)),
        ("can:nothing ann", "can:nothing ann", (), ()),
    ],
)
def test_a_filter_is_a_part_of_a_name_an_integration_and_rights(
    text: str, rest: str, rights: tuple[str, ...], meant: tuple[int, ...]
) -> None:
    names = {4: "Billing mailbox"}
    integrations = [Integration(integration(n), ACME, kind, names.get(n)) for n, kind in enumerate(TYPES, 1)]
    typed = people_list.typed_filter(text, integrations, 1)
    expected = PeopleFilter(rest, True, rights=rights, integration_ids=tuple(map(integration, meant)))  # type: ignore[arg-type]
    assert typed == expected


def test_a_grid_wants_the_longest_of_its_cells_and_not_more() -> None:
    assert model_of({(1, 1): VIEW}).longest_cell == len("*V--!")
    limited = model_of({(1, 1): Access(("view",), daily_limit=50, monthly_limit=1_000), (2, 1): VIEW})
    assert limited.longest_cell == len("*V--! 50/50 day  1,000/1,000 mo")
    assert grid_width_wanted(4, 17, 5) == 20 + 4 * 7 < grid_width_wanted(4, 17, 12) == 20 + 4 * 13


def test_beside_the_grid_stands_in_plain_words_what_the_cell_gives_and_who_granted_it() -> None:
    model = model_of({(1, 1): Access(("view", "send"), daily_limit=50)})
    listing = model.listing
    assert listing is not None
    grant = model.cells(0)[0].grant
    assert grant is not None
    when = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    model.update_grants({model.cells(0)[0].key: replace(grant, granted_by=person(2), granted_at=when)})
    listing.granters = {person(2): Person(person(2), None, "Ravi Rao", ACME, True)}
    listing.window.pages[0].used = {(person(1), "exotel_phone"): Use(3, 40)}

    def beside(column: int) -> list[tuple[str, str]]:
        shown = model.detail(0, column, Selection("cell", (0, 0), (column, column)), beside=True)
        return [(line.label.strip(), line.text) for line in shown]

    unstaged = beside(0)
    stage_right(model.staged, select(model, (0, 0), (0, 0)), "configure")
    # No other line moves: each that does is sent again.
    assert [line for line, before in zip(beside(0), unstaged, strict=True) if line != before] == [
        ("May", "view, send, configure (was view, send)"),
        ("Staged", "not yet applied"),
    ]
    assert beside(0) == [
        ("", "Person 000001"),
        ("Person", "Person 000001 <person1@acme.example>"),
        ("For", "Exotel phone"),
        ("May", "view, send, configure (was view, send)"),
        ("Expires", "never"),
        ("Today", "3 sent of 50 ■□□□□□□□□□"),
        ("Month", "40 sent, no limit"),
        ("Granted", "2026-11-01 09:30 UTC by ~Ravi Rao"),
        ("Staged", "not yet applied"),
    ]
    assert beside(3)[2:] == [("For", "Zoho Mail (disabled)"), ("May", "nothing"), ("", "")]
    assert "Expires" not in lines(model, 0, 3)
    assert lines(model, 0, 0)["Expires"] == "never   granted 2026-11-01 09:30 UTC by ~Ravi Rao"
    selected = model.detail(0, 0, Selection("range", (0, 1), (0, 0)), beside=True)
    assert [line.text for line in selected[:2]] == ["Person 000001", "2 people × 1 integration"]
