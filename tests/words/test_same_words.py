"""A screen and its command say the same about the same thing, and what both say is written down once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

import tui
from tui.cli.audit.view import columns as log_columns
from tui.cli.integrations.view import COLUMNS as INTEGRATION_COLUMNS
from tui.cli.numbers.view import COLUMNS as NUMBER_COLUMNS
from tui.cli.numbers.view import EVERYWHERE
from tui.cli.permissions.view import columns as permission_columns
from tui.data.numbers.sync_plan import plan_of
from tui.data.permissions.effective import EffectiveAccess
from tui.data.permissions.listing import Holder, Standing, Use
from tui.data.permissions.values import Access, Grant
from tui.models.integrations import Integration
from tui.models.log import AuditRow
from tui.models.numbers import PhoneNumber
from tui.models.people import Person
from tui.providers import title_of
from tui.screens.audit import view as log_screen
from tui.screens.audit.window import Entry, ListLine
from tui.screens.integrations import view as integrations_screen
from tui.screens.numbers import view as numbers_screen
from tui.screens.numbers.sync import _notes as sync_notes
from tui.screens.permissions.effective import _row as permission_row
from tui.widgets.glyphs import UNICODE
from tui.words.integrations.description import stored_format
from tui.words.log.details import LogNames
from tui.words.numbers.sync_plan import plan_doubts, untouched_numbers
from tui.words.people.permissions import access_in_full, holder_name

if TYPE_CHECKING:
    from tui.cli.output import Column

NOW = datetime.now(UTC)
ORGANIZATION = uuid4()
ASHA = Person(uuid4(), "asha@acme.example", "Asha Rao", ORGANIZATION, True)
NAMELESS = Person(uuid4(), "ravi@acme.example", "  ", ORGANIZATION, True)
KOLKATA = ZoneInfo("Asia/Kolkata")


def command_cells(columns: tuple[Column, ...], item: object) -> dict[str, str]:
    return {column.title.split()[0].lower(): str(column.cell(item)) for column in columns}


def assert_same(screen: str, command: str) -> None:
    """The screen may draw a sign before the words, and blanks that put a number to the right."""
    words = screen.strip()
    assert words == command or (words[1:2] == " " and words[2:] == command), (screen, command)


LOG = AuditRow(
    uuid4(),
    ORGANIZATION,
    ASHA.id,
    "zoho_mail",
    "email_sent",
    "failed",
    {"to": "a@b.example"},
    "::ffff:10.0.0.1",
    None,
    NOW,
)


@pytest.mark.parametrize(
    "row",
    [
        LOG,
        replace(LOG, user_id=NAMELESS.id),
        replace(LOG, user_id=uuid4()),
        replace(LOG, user_id=None, details={"operator": "root"}, ip_address=None),
        replace(LOG, user_id=None, details={"operator": ["no", "text"]}),
        replace(LOG, created_at=None, created_at_text="0044-03-15 00:00:00+00 BC"),
        replace(LOG, created_at=datetime(9999, 12, 31, 23, tzinfo=UTC), created_at_text="9999-12-31 23:00:00+00"),
        replace(LOG, created_at=None),
    ],
)
def test_a_row_of_the_log(row: AuditRow) -> None:
    names = log_screen.Names()
    names.people = {person.id: person for person in (ASHA, NAMELESS)}
    titles = [column.title.split()[0].lower() for column in log_screen.columns(KOLKATA, 200, 20, several=True)]
    titles[titles.index("what")] = "summary"
    line = ListLine(Entry(row.id, None, [(0, row)]), row)
    cells = log_screen.row_of(line, names, KOLKATA, is_match=False).cells
    screen = dict(zip(titles, (cell.text for cell in cells), strict=True))
    command = command_cells(log_columns(LogNames(names.people, title_of, KOLKATA)), row)
    for title in command.keys() & screen.keys():
        assert_same(screen[title], command[title])
    assert command.keys() <= screen.keys()


NUMBER = PhoneNumber(
    *(uuid4(), ORGANIZATION, None, "01141169368", "Front desk", "local", ASHA.id),
    *(True, True, False, True, NOW, NOW, "+911141169368", ASHA, None, "Acme Foods"),
)


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize(
    "number",
    [
        NUMBER,
        replace(NUMBER, assignee=NAMELESS, is_primary=False, can_call=False),
        replace(NUMBER, assignee=None, is_active=False),
        replace(NUMBER, assigned_to_user_id=None, assignee=None, organization_name=None, display_name=None),
    ],
)
def test_a_phone_number(number: PhoneNumber, everywhere: bool) -> None:
    screen = numbers_screen.row_of(number, UNICODE, everywhere=everywhere).cells
    titles = [column.title.split()[0].lower() for column in numbers_screen.COLUMNS]
    titles[1] = "organisation" if everywhere else "name"
    command = command_cells(EVERYWHERE if everywhere else NUMBER_COLUMNS, number)
    for title, cell in zip(titles, screen, strict=True):
        if title in command:
            assert_same(cell.text, command[title])


@pytest.mark.parametrize("rows", [1, 3, 7])
def test_what_a_sync_leaves_as_it_is(rows: int) -> None:
    by_hand = [
        replace(NUMBER, id=uuid4(), phone_number=f"0114116936{digit}", is_primary=False) for digit in range(rows)
    ]
    plan = plan_of(by_hand, INTEGRATION, [], line=None, operation_id=uuid4())
    command = [*plan_doubts(plan), *untouched_numbers(plan)]
    screen = [line.text for line in sync_notes(plan)]
    assert len(command) == rows + 1
    if rows == 1:
        assert screen == command
    else:
        assert screen[:2] == command[:2]
        assert screen[2:] == [f"{len(command) - 2} more: `switchboard phone-numbers sync --dry-run` lists them."]


INTEGRATION = Integration(
    uuid4(), ORGANIZATION, "exotel_phone", "Dispatch line", True, people_with_access=8, phone_numbers=2
)


@pytest.mark.parametrize(
    "integration",
    [
        INTEGRATION,
        Integration(None, ORGANIZATION, "zoho_mail"),
        INTEGRATION._replace(is_verified=True, proven=True, last_verified_at=NOW - timedelta(hours=3)),
        INTEGRATION._replace(is_verified=True, last_verified_at=NOW),
        INTEGRATION._replace(failing=True, tested_at=NOW - timedelta(minutes=31), is_active=False),
        INTEGRATION._replace(unreadable="other key", display_name=None),
        INTEGRATION._replace(unreadable="not visible", people_with_access=None, phone_numbers=None, place=(1, 2)),
    ],
)
def test_an_integration(integration: Integration) -> None:
    cells = integrations_screen.row_of(integration, UNICODE).cells
    titles = [column.title.split()[0].lower() for column in integrations_screen.COLUMNS]
    screen = dict(zip(titles, (cell.text for cell in cells), strict=True))
    command = command_cells(INTEGRATION_COLUMNS, integration)
    assert_same(screen.pop("integration"), command.pop("name"))
    # What scripts call it stands in the screen's detail, and so does the format.
    assert command.pop("type") == integration.integration_type
    assert screen.pop("type") == title_of(integration.integration_type)
    assert command.pop("format") == stored_format(integration)
    assert command.keys() == screen.keys()
    for title, words in command.items():
        assert_same(screen[title], words)


@pytest.mark.parametrize("standing", ["active", "not in the directory"])
@pytest.mark.parametrize(
    "access",
    [
        Access(("view", "send")),
        Access(("view", "send"), daily_limit=3),
        Access(("view",), expires_at=NOW - timedelta(days=1)),
        Access(),
    ],
)
def test_a_permission(access: Access, standing: Standing) -> None:
    holder = Holder(ASHA.id, ASHA.email, ASHA.name, standing)
    integration_id = UUID(int=1)
    grant = Grant(uuid4(), holder.id, integration_id, access)
    entry = EffectiveAccess(holder, INTEGRATION._replace(id=integration_id), grant, Use(3, 3), NOW)
    screen = permission_row("key", holder_name(holder), entry, UNICODE).cells
    command = command_cells(permission_columns(UTC), entry)
    assert command["person"] in screen[0].text
    assert command["now"] == (screen[3].text or "allowed")
    assert command["rights"] == access_in_full(replace(access, expires_at=None, daily_limit=None), UTC)


ONCE: dict[str, set[str]] = {
    # A time as a person reads it; the filter language and JSON have a T where this has a blank.
    r"%d %H|%m-%d %H": {"words/times.py"},
    # What a person is called; the other one is a value of JSON, by which other programs find them again.
    r"\.email or \w+\.name|\.strip\(\) or \w+\.email": {"words/people/names.py", "cli/numbers/view.py"},
    # What a pattern of LIKE takes as it is.
    r'"\\\\%"': {"data/postgres/like_patterns.py"},
    # How many there are of something.
    r"""(?:''|"") if [^\n]+ == 1 else|'s' if|"s" if""": set(),
    # A key of the console, which a command has not; this sentence names the command beside it.
    r'"Reload': {"data/postgres/commit.py"},
    # A failure as another one: SwitchboardError.rephrased, for `what_to_do` forgets that it may pass.
    r"failure\.what_to_do,\s*details=": set(),
}


@pytest.mark.parametrize("pattern", ONCE)
def test_what_is_said_in_many_places_is_written_down_in_one(pattern: str) -> None:
    root = Path(tui.__file__).parent
    files = {
        file.relative_to(root).as_posix()
        for file in root.rglob("*.py")
        if re.search(pattern, file.read_text(encoding="utf-8"))
    }
    assert files == ONCE[pattern]
