"""How a row of the log reads without a screen: in the list, below it, in full, copied, and as a filter."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.screens.audit.log_in_memory import row
from tests.support.acme import ACME, ASHA, operator
from tests.support.hostile_strings import UNSAFE, hostile_strings
from tui.data.audit.filter import parse_filter
from tui.data.audit.rows import LongDetails
from tui.data.postgres.database import Database
from tui.models.people import Person
from tui.screens.audit.names_and_matches import NamesAndMatches
from tui.screens.audit.prompts import like_this
from tui.screens.audit.row import MOST_LINES, as_json, row_lines
from tui.screens.audit.view import Names, columns, detail, row_of
from tui.screens.audit.window import Entry, ListLine
from tui.widgets.row_list import layout_columns

if TYPE_CHECKING:
    from tui.models.log import AuditRow

OSC, BIDI, C1 = "\x1b]52;c;cm0gLXJm\x07", "\u202egpj.exe", "\x9b31m"


def line_of(*rows: AuditRow) -> ListLine:
    """The line of rows that are one entry."""
    return ListLine(Entry(rows[0].id, None, list(enumerate(rows))), rows[0])


def full(of: AuditRow, *, zone: ZoneInfo | None = None, width: int = 119, **more: object) -> list[str]:
    """The lines of a row in full."""
    return [text for text, _ in row_lines(of, Names(), zone or UTC, width, **more)]  # type: ignore[arg-type]


def updated() -> AuditRow:
    """A change of which every part hides something."""
    return row(
        1,
        None,
        {
            "before": {"display_name": "Old\nname", "is_active": True},
            "after": {"display_name": BIDI, "is_active": False, "daily_limit": 5},
            "operator": "asha@jump",
            "session_user": "app",
            "envelope": {"before": "sb1", "after": "sb2"},
            "nested": {"text": f"{OSC}{BIDI}{C1}"},
        },
        action="credential_updated",
        user_id=ASHA,
        ip_address="203.0.113.9",
        user_agent=OSC + C1,
        created_at=datetime(2026, 1, 2, 10, 11, 12, 345, UTC),
        created_at_text="2026-01-02 10:11:12.000345+00",
    )


def test_below_the_list_stand_who_what_and_from_where() -> None:
    happened, who, what, origin, fold = (line.text for line in detail(line_of(updated()), Names(), UTC))
    assert happened.startswith(
        "Zoho Mail, credential changed; envelope: sb1 -> sb2; display name: Old⏎name -> ▯gpj.exe;"
    )
    assert who == f"~{ASHA}, not in the directory, operator asha@jump (claimed; login app)"
    assert what == (
        r"envelope: sb1 -> sb2; display_name: Old\nname -> \u202egpj.exe; is_active: true -> false; daily_limit:  -> 5"
    )
    assert origin == r"203.0.113.9   \x1b]52;c;cm0gLXJm\x07\x9b31m"
    assert fold == ""
    *_, fold = (line.text for line in detail(line_of(updated(), row(2), row(3)), Names(), UTC))
    assert fold == "3 rows of one operation: space unfolds them"
    names = Names()
    names.people[ASHA] = Person(ASHA, "asha@acme.example", "Asha Rao", ACME, True)
    who = detail(line_of(updated()), names, UTC)[1].text
    assert who.startswith("~Asha Rao <asha@acme.example>")
    assert "operator asha@jump" in who
    assert detail(line_of(row(0)), Names(), UTC)[1].text == "no person named"


def test_a_row_in_full_shows_both_sides_and_what_would_hide() -> None:
    lines = full(updated())
    text = "\n".join(lines)
    for part in (
        "2026-01-02 10:11:12.000345 UTC",
        f"~{ASHA}, not in the directory, operator asha@jump (claimed; login app)",
        "\nConnected as app\n",
        r"- display_name: Old\nname",
        r"+ display_name: \u202egpj.exe",
        "+ daily_limit: 5",
        "- envelope: sb1",
        r'"text": "\u001b]52;c;cm0gLXJm\u0007\u202egpj.exe\u009b31m"',
    ):
        assert part in text, part
    assert "- daily_limit" not in text
    copied = json.loads(as_json(updated()))
    assert (copied["user_agent"], copied["details"]["after"]["display_name"]) == (OSC + C1, BIDI)
    assert (copied["id"], copied["created_at"]) == (str(updated().id), "2026-01-02T10:11:12.000345+00:00")
    assert not any(hidden in as_json(updated()) for hidden in "\x1b\x9b\u202e")


@pytest.mark.parametrize(
    ("evidence", "listed", "in_full", "other"),
    [
        ({"operator_from": "login"}, "Asha Rao", "(login sb_asha, proven)", ""),
        ({"operator_from": "vouched"}, "Asha Rao (vouched by sb_asha)", "(vouched by sb_asha)", ""),
        ({"operator_from": "claim"}, "~Asha Rao", "(claimed; login sb_asha)", ""),
        ({"operator_from": "row"}, "~Asha Rao", "(claimed; login sb_asha)", ""),
        ({"operator_from": ["login"]}, "~Asha Rao", "(claimed; login sb_asha)", ""),
        ({}, "~Asha Rao", "(claimed; login sb_asha)", ""),
        (
            {"operator_from": "login", "claimed": {"operator": "eve\x9b@jump", "user_id": str(ASHA)}},
            *("Asha Rao", "(login sb_asha, proven)", f"the client said it was eve\ufffd@jump, {ASHA}"),
        ),
        (
            {"operator_from": "claim", "claimed": {"operator_from": "login"}},
            *("~Asha Rao", "(claimed; login sb_asha)", "the program said that this name is proven, and it is not"),
        ),
        ({"operator_from": "login", "claimed": "eve"}, "Asha Rao", "(login sb_asha, proven)", ""),
    ],
)
def test_what_proves_a_name_stands_beside_it_and_what_was_claimed_is_a_warning(
    evidence: dict[str, object], listed: str, in_full: str, other: str
) -> None:
    names = Names()
    names.people[ASHA] = Person(ASHA, "asha@acme.example", "Asha Rao", ACME, True)
    shown = row(1, 0, {"operator": "asha@acme.example", "session_user": "sb_asha"} | evidence, user_id=ASHA)
    assert names.who(shown) == listed
    mark = listed[: listed.index("Asha")]
    in_full = f"{mark}Asha Rao <asha@acme.example> {in_full}"
    who = detail(line_of(shown), names, UTC)[1]
    assert (who.text, who.tone) == (f"{in_full}; {other}" if other else in_full, "warning" if other else "plain")
    lines = dict(row_lines(shown, names, UTC, 119))
    assert f"Who          {in_full}" in lines
    assert lines.get(f"But claimed  {other}") == ("warning" if other else None)
    # It has a place of its own, and none among the details of a line.
    assert detail(line_of(shown), names, UTC)[2].text == "no details"


def test_a_row_that_is_too_long_says_that_it_is_cut() -> None:
    lines = full(row(0, 0, {"a": list(range(6_000)), "evidence": "at the end"}), width=79)
    assert len(lines) == MOST_LINES
    assert lines[-1].startswith("Cut after 5,000 lines: y copies the whole row")


def test_of_details_that_the_list_did_not_read_their_beginning_is_shown_and_how_much_there_is() -> None:
    cut = row(0, 0, {"cut": {"stored_bytes": 5}})
    part = LongDetails("x" * 500, 300_028, {"operator": "Ann"})
    text = "\n".join(full(cut, long=part))
    assert "First 500 characters of 300,028 bytes; x in the list exports all." in text
    assert "~operator Ann (claimed)" in text
    assert "\n500 bytes\n" in "\n".join(full(cut, long=LongDetails("x" * 500, 500, {})))


def test_a_row_whose_every_field_is_hostile_does_no_harm_wherever_it_is_shown() -> None:
    texts = [*hostile_strings().values()]
    names = Names()
    names.organizations[ACME] = "".join(texts)[:200]
    for n in range(len(texts)):
        # Every string is in every field once.
        a, b, c, d, e, f = (texts[(n + 10 * k) % len(texts)] for k in range(6))
        details = {a: {b: [c]}, "before": {d: e, f: a}, "after": {d: [f]}, "envelope": {"after": b}, "operator": c}
        details |= {"operation_id": d, "session_user": e, "role": f}
        hostile = row(n, 0, details, action=a[:100], integration_type=b[:50], status=c[:50], user_agent=d)
        names.people[UUID(int=1)] = Person(UUID(int=1), e, f, ACME, True)
        for shown in (hostile, row(n, 0, action=f, user_id=UUID(int=1))):
            line = line_of(shown)
            listed = row_of(line, names, UTC, is_match=True)
            parts = [part.text for part in listed.cells] + [part.text for part in detail(line, names, UTC)]
            parts += [text for text, _ in row_lines(shown, names, UTC, 199)]
            parts += [*as_json(shown).splitlines(), listed.text.replace("\t", "")]
            assert not [part for part in parts if UNSAFE.search(part)], n


ODD_TIMES = {
    "infinity": ("infinity", "infinity"),
    "9999-12-31 23:59:59+00": ("9999-12-31 23:59:59+00", "9999-12-31 18:59:59"),
    "0001-01-01 00:00:01+00": ("0001-01-01 05:53:29", "0001-01-01 00:00:01+00"),
    "0044-03-15 00:00:00+00 BC": ("0044-03-15 BC", "0044-03-15 BC"),
    "": ("without a time", "without a time"),
}


@pytest.mark.parametrize(("place", "zone"), [(0, "Asia/Kolkata"), (1, "America/New_York")])
def test_times_that_no_clock_here_can_show_are_shown_as_postgres_writes_them(place: int, zone: str) -> None:
    for text, shown in ODD_TIMES.items():
        moment = datetime.fromisoformat(text) if text.endswith("+00") else None
        odd = row(0, None, {"operation_id": "one"}, created_at=moment, created_at_text=text)
        listed = row_of(line_of(odd), Names(), ZoneInfo(zone), is_match=False).cells[0].text
        assert listed.strip() == shown[place]
        assert any(line.startswith("Time") for line in full(odd, zone=ZoneInfo(zone)))
        # Where a day more or less is no time any more, the operation alone has to do.
        assert like_this(odd)["o"] == "details.operation_id:one"


def test_what_a_row_has_is_asked_for_in_words_that_find_it() -> None:
    of = row(0, 0, {"operation_id": "a b"}, action='odd "one"', user_id=ASHA, ip_address="203.0.113.9")
    terms = like_this(of)
    assert list(terms) == ["a", "s", "t", "u", "i", "o"]
    assert terms["s"] == "status:success"
    assert terms["u"] == f"user:{ASHA}"
    assert terms["o"] == 'details.operation_id:"a b" since:2025-12-31T00:00:00Z until:2026-01-02T00:00:00Z'
    own = like_this(row(0, 0, {"source": "trigger", "operation_id": str(ASHA)}))
    assert own["o"].startswith(f"operation:{ASHA} since:")
    for text in (*terms.values(), own["o"]):
        assert parse_filter(text).canonical()
    assert like_this(row(0))["u"] == "user:none"
    assert set(like_this(row(0, 0, {"operation_id": 7}))) == {"a", "s", "t", "u"}


def test_what_happened_is_there_on_the_smallest_terminal_and_everything_on_a_wide_one() -> None:
    def widths(width: int, *, several: bool = False) -> dict[str, int]:
        shown = columns(UTC, width, 14, several=several)
        return {shown[number].title.strip(): cells for number, cells in layout_columns(shown, width)}

    assert widths(60) == {"Time (UTC)": 21, "Who": 7, "What happened": 28}
    assert widths(80) == widths(80, several=True) == {"Time (UTC)": 21, "Who": 14, "What happened": 41}
    # The sentence has all it needs before another column has anything, but whose row it is among several.
    assert list(widths(122)) == ["Time (UTC)", "Who", "What happened"]
    assert list(widths(123)) == ["Time (UTC)", "Who", "What happened", "Status"]
    assert list(widths(99, several=True)) == ["Time (UTC)", "Who", "What happened", "Organisation"]
    assert list(widths(200)) == ["Time (UTC)", "Who", "What happened", "Action", "Type", "Status", "Address"]
    listed = row_of(line_of(row(0, 0, {"n": 1}), row(1)), Names(), UTC, is_match=True)
    assert listed.cells[0].text == "*+2026-01-01 00:00:00"
    assert listed.cells[2].text == "2 rows: e-mail"
    failed = row_of(line_of(row(0, 0, {"error": "full"}, status="failed")), Names(), UTC, is_match=False)
    assert (failed.cells[2].text, failed.cells[2].tone) == ("e-mail failed: full", "bad")


async def test_people_in_view_keep_their_names_however_many_others_were_met(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.data import directory
    from tui.screens.audit import names_and_matches

    asked_for: list[UUID] = []

    async def people_by_id(_database: object, ids: set[UUID]) -> dict[UUID, Person]:
        asked_for.extend(ids)
        return {one: Person(one, None, f"Name {one.int}", None, True) for one in ids if one.int % 2 == 0}

    monkeypatch.setattr(directory, "people_by_id", people_by_id)
    monkeypatch.setattr(names_and_matches, "MOST_PEOPLE", 20)
    rows = [row(n, n, user_id=UUID(int=n)) for n in range(1, 101)]
    listed = rows[:4]
    looked_up, database = NamesAndMatches(lambda: listed), Database("", operator())
    for first in range(0, 100, 10):
        await looked_up.look_up(database, rows[first : first + 10])
        await looked_up.look_up(database, listed)
        assert {looked_up.names.who(one) for one in listed} >= {"~Name 2", "~Name 4"}
        assert len(looked_up.names.people) <= 20
    # What was looked up is not asked for again, whether somebody was found or not.
    assert [asked_for.count(UUID(int=n)) for n in range(1, 5)] == [1, 1, 1, 1]
