"""What a screen copies as a command: the command line's own parser, behind a real shell, reads what was meant."""

from __future__ import annotations

import ast
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import click
import pytest

import tui.screens
from tests.generate.commands import every_command
from tests.support.acme import ACME, ASHA
from tests.support.hostile_strings import UNSAFE, hostile_strings
from tests.support.shells import PAYLOAD, words_read_by
from tui.cli.command_line import ONE_AFTER_THE_OTHER, command_line
from tui.cli.permissions.arguments import people_and_types
from tui.cli.permissions.commands import _stage_grant
from tui.cli.request import Options
from tui.cli.root import PROGRAM, switchboard
from tui.data.audit.filter import join_words, parse_filter
from tui.data.permissions.staging import Staged
from tui.data.permissions.values import NOTHING, Access, Cell, Grant, parse_expiry, parse_limit
from tui.data.rights import RIGHTS
from tui.errors import InvalidInput
from tui.locked.mode import words_over_ssh
from tui.models.numbers import PhoneNumber
from tui.screens.audit.invocations import log_invocation
from tui.screens.numbers.form import add_values, edit_values
from tui.screens.permissions.invocations import invocations_of_review
from tui.settings.time_zones import time_zone
from tui.words.log.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
KOLKATA = time_zone("Asia/Kolkata")
OMAR, PHONE, MAIL = uuid4(), uuid4(), uuid4()
TYPES = {PHONE: "exotel_phone", MAIL: "zoho_mail"}


def parsed(line: str) -> tuple[str, dict[str, Any], Options]:
    """The command that the real parser finds in a line, its parameters that are given, and the common options."""
    name, *arguments = shlex.split(line)
    assert name == PROGRAM
    options = Options()
    context: click.Context = switchboard.make_context(PROGRAM, arguments, obj=options)
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        found, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(found, rest, parent=context)
    given = {name: value for name, value in context.params.items() if value not in (None, False, ())}
    return context.command_path.removeprefix(f"{PROGRAM} "), given, options


def lines_of(*invocations: Invocation, options: Options | None = None, profile: str | None = None) -> list[str]:
    return command_line(invocations, options or Options(), profile).split(ONE_AFTER_THE_OTHER)


def invocations_in_screens() -> Iterator[tuple[str, set[str]]]:
    """Each command that the source of a screen names, with the parameters it gives."""
    for file in Path(tui.screens.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                values = {keyword.arg for keyword in node.keywords if keyword.arg}
                for argument in node.args[:1] if called in ("Invocation", "invocation", "log_invocation") else ():
                    for text in ast.walk(argument):
                        if isinstance(text, ast.Constant) and " " in str(text.value):
                            yield str(text.value), values


def test_every_command_that_a_screen_names_is_one_that_takes_what_it_is_given() -> None:
    commands = dict(every_command())
    named = list(invocations_in_screens())
    assert len({command for command, _ in named}) >= 10
    for command, values in named:
        parameters = {parameter.name for parameter in commands[command].params}
        assert values <= parameters, command
    with pytest.raises(TypeError, match="has no kind"):
        lines_of(Invocation("integrations list", {"kind": "x"}))


def test_names_as_people_store_them_reach_the_command_as_they_are_or_nothing_is_copied(tmp_path: Path) -> None:
    copied: list[str] = []
    refused = 0
    texts = [
        *(text[:300] for text in hostile_strings().values()),
        "--help",
        "-o",
        "--",
        "a b",
        "'",
        '"',
        "$(id)",
        "`id`",
        "~root",
        "!x",
        "=ls",
        PAYLOAD,
    ]
    for text in texts:
        for command, name, value in (
            ("integrations show", "integration_type", text),
            ("permissions list", "integration_type", text),
            ("permissions report", "user", text),
            ("permissions revoke", "words", (str(ASHA), text)),
            ("phone-numbers list", "number", text),
            ("phone-numbers add", "number", text),
            ("audit export", "output", text),
        ):
            try:
                (line,) = lines_of(Invocation(command, {name: value}, ACME))
            except InvalidInput as refusal:
                assert "console" in refusal.what_to_do
                refused += 1
                continue
            assert not UNSAFE.search(line)
            path, given, options = parsed(line)
            assert (path, options.organization) == (command, str(ACME))
            assert given[name] == value
            copied.append(line)
    assert refused
    assert len(copied) > 100
    # What a shell hands over is what shlex takes apart.
    assert words_read_by(("sh",), copied, tmp_path) == [shlex.split(line) for line in copied]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "status:failed since:2d -action:call_made details.error_code:429,503",
        'user:"Asha Rao" since:this month until:31 aug 2025 rate limit',
        '"Rate limit" -"two words" -word -o -ocsv --watch --json -- \\ -a\\b',
        'details."a key".after:"x, y","z \\" \\\\" -details.k:-1',
        "hour:20-08@Asia/Kolkata -day:sat,sun",
        "log.csv $(id) `id` ~ 5'x it's",
        'type:"a  b\tc" 5"x y',
    ],
)
def test_a_filter_means_the_same_on_the_command_line(text: str) -> None:
    parse = {"zone": KOLKATA, "now": NOW}
    wanted = parse_filter(text, **parse)
    for command in ("audit list", "audit tail", "audit export"):
        values = {"output": "a b.csv"} if command == "audit export" else {}
        try:
            (line,) = lines_of(log_invocation(command, text, ACME, **values))
        except InvalidInput:
            assert "\t" in text
            continue
        path, given, options = parsed(line)
        assert path == command
        assert parse_filter(join_words(given.pop("words", ())), **parse) == wanted, line
        assert (given.get("output"), options.organization) == (values.get("output"), str(ACME))
        assert (options.form, options.watch) == ("table", None)


def test_a_filter_that_names_an_organisation_is_not_given_another() -> None:
    (line,) = lines_of(log_invocation("audit list", 'org:"Blue Harbour",* status:failed', ACME))
    assert line == """switchboard audit list 'org:"Blue Harbour",*' status:failed"""


def applied(line: str, cells: Mapping[tuple[UUID, str], Access]) -> dict[tuple[UUID, str], Access]:
    """What a line of `permissions grant` or `revoke` makes of cells, by the functions of the command itself."""
    path, given, _ = parsed(line)
    people, types = people_and_types(given["words"], given.get("users", ()))
    after = dict(cells)
    limits = {name: parse_limit(given[name]) for name in ("daily_limit", "monthly_limit") if name in given}
    expires = {"expires_at": parse_expiry(given["expires"], NOW, KOLKATA)} if "expires" in given else {}
    rights = [right for right in RIGHTS if given.get(right)]
    for person in map(UUID, people):
        for name in types:
            access = after[person, name]
            grant = Grant(uuid4(), person, PHONE, access) if access.rights else None
            staged, cell = Staged(ACME), Cell(person, PHONE, grant)
            if path == "permissions revoke":
                staged.revoke([cell], NOW)
            else:
                _stage_grant(staged, [cell], NOW, rights, limits | expires)
            after[person, name] = staged.access(cell)
    return after


def test_the_commands_of_a_review_do_what_is_staged() -> None:
    end_of_day = parse_expiry("2026-12-31", NOW, KOLKATA)
    seen = {
        (ASHA, PHONE): Access(("view", "send"), end_of_day, 50, 1000),
        (ASHA, MAIL): Access(("view",), end_of_day, 5),
        (OMAR, MAIL): Access(("view", "configure"), NOW + timedelta(days=2, microseconds=5)),
    }
    wanted = [
        # Other values; a moment, and none.
        {(ASHA, PHONE): Access(("view", "send"), end_of_day, 50), (OMAR, MAIL): NOTHING},
        {(ASHA, PHONE): Access(("view", "send", "configure"), None, None, 900), (OMAR, PHONE): Access(("view",))},
        {(ASHA, MAIL): Access(("view", "send"), NOW + timedelta(hours=1, microseconds=7), 7, 70)},
        {(ASHA, MAIL): NOTHING, (ASHA, PHONE): NOTHING, (OMAR, MAIL): NOTHING},
        {(OMAR, PHONE): Access(("view",), end_of_day), (ASHA, MAIL): Access(("view",), end_of_day)},
    ]
    for step in wanted:
        staged = Staged(ACME)
        for (person, integration), access in step.items():
            there = seen.get((person, integration))
            grant = Grant(uuid4(), person, integration, there) if there else None
            staged.stage([(Cell(person, integration, grant), access)], NOW)
        lines = lines_of(*invocations_of_review(staged.review(), TYPES, ACME, KOLKATA, NOW))
        cells = {(person, name): seen.get((person, i), NOTHING) for person in (ASHA, OMAR) for i, name in TYPES.items()}
        after = cells
        for line in lines:
            after = applied(line, after)
        assert after == cells | {(person, TYPES[i]): access for (person, i), access in step.items()}, lines
    assert "--expires 2026-12-31" in lines[0]


def test_one_transaction_names_several_people_and_what_no_command_says_is_refused() -> None:
    staged = Staged(ACME)
    people = sorted([uuid4(), uuid4(), uuid4()])
    staged.give([Cell(person, i) for person in people for i in TYPES], ("view",), NOW)
    review = staged.review()
    (line,) = lines_of(*invocations_of_review(review, TYPES, ACME, UTC, NOW))
    assert line.startswith("switchboard permissions grant exotel_phone zoho_mail --user ")
    assert parsed(line)[1]["users"] == tuple(map(str, people))
    odd = {PHONE: "a@b", MAIL: "zoho_mail"}
    assert len(lines_of(*invocations_of_review(review, odd, ACME, UTC, NOW))) == len(people)
    for types in ({PHONE: "exotel_phone"}, {**TYPES, uuid4(): "zoho_mail"}):
        with pytest.raises(InvalidInput, match="names a type"):
            invocations_of_review(review, types, ACME, UTC, NOW)
    # The screen does all of it or nothing, and so does one command alone: of several, each is of one person.
    staged.revoke([Cell(OMAR, PHONE, Grant(uuid4(), OMAR, PHONE, Access(("view",))))], NOW)
    first, *others = lines_of(*invocations_of_review(staged.review(), TYPES, ACME, UTC, NOW))
    assert first == f"switchboard permissions revoke {OMAR} exotel_phone --organization {ACME}"
    assert [parsed(line)[1]["words"][0] for line in others] == [*map(str, people)]
    # What is revoked is not granted again by a command that is refused.
    held = Access(("view", "send"))
    for wanted in (replace(held, rights=("view",)), Access(("view", "configure"))):
        lessened = Staged(ACME)
        lessened.stage([(Cell(ASHA, PHONE, Grant(uuid4(), ASHA, PHONE, held)), wanted)], NOW)
        with pytest.raises(InvalidInput, match="takes away a single right") as refused:
            invocations_of_review(lessened.review(), TYPES, ACME, UTC, NOW)
        assert refused.value.what_to_do == "Apply it here with enter."
    passed = Staged(ACME)
    passed.stage([(Cell(ASHA, PHONE), replace(held, expires_at=NOW + timedelta(hours=1)))], NOW)
    with pytest.raises(InvalidInput, match="has passed"):
        invocations_of_review(passed.review(), TYPES, ACME, UTC, NOW + timedelta(hours=1))
    many = Staged(ACME)
    many.give([Cell(uuid4(), PHONE) for _ in range(501)], ("view",), NOW)
    with pytest.raises(InvalidInput, match="501 changes"):
        invocations_of_review(many.review(), TYPES, ACME, UTC, NOW)


def test_the_form_of_a_number_is_the_command_with_what_was_typed() -> None:
    number = PhoneNumber(
        uuid4(), ACME, None, "+911141169368", "Front desk", "odd", None, False, True, False, True, None, None, None
    )
    stored = ("Front desk", "odd", True, False)
    assert not edit_values(number, *stored)
    for form, given in (
        (
            ("-x -y", "local", False, True),
            {"name": "-x -y", "number_type": "local", "can_call": False, "can_sms": True},
        ),
        (("", "odd", True, False), {"no_name": True}),
    ):
        values = {"number": str(number.id), **edit_values(number, *form)}
        (line,) = lines_of(Invocation("phone-numbers edit", values, ACME))
        arguments = shlex.split(line)
        assert ("--no-call" in arguments) == (given.get("can_call") is False)
        expected = {name: value for name, value in given.items() if value} | {"number": str(number.id)}
        assert parsed(line)[:2] == ("phone-numbers edit", expected)
    (line,) = lines_of(
        Invocation("phone-numbers add", add_values("011-4116 9368", "Desk", "derived", False, True), ACME)
    )
    assert parsed(line)[1] == {"number": "011-4116 9368", "name": "Desk", "no_call": True}
    for number_typed, name in (("12", ""), ("011-4116 9368", "x" * 101)):
        with pytest.raises(InvalidInput):
            add_values(number_typed, name, "derived", True, True)
    with pytest.raises(InvalidInput, match="101 characters"):
        edit_values(number, "x" * 101, *stored[1:])


def test_a_command_goes_where_the_console_is_and_never_names_how_it_connects() -> None:
    started = Options(
        organization="Acme", operator="asha@acme.example", env_file="my.env", profile="old", read_only=True, json=True
    )
    (line,) = lines_of(Invocation("integrations list", {}, ACME), options=started)
    kept = "--operator asha@acme.example --env-file my.env --read-only"
    assert line == f"switchboard integrations list --organization {ACME} {kept}"
    (line,) = lines_of(Invocation("doctor"), options=replace(started, read_only=False), profile="production")
    assert line == "switchboard doctor --operator asha@acme.example --profile production"
    assert command_line([], started, None) == ""


def test_in_the_locked_console_a_command_is_for_ssh_and_of_what_was_pasted_its_words_are_left() -> None:
    locked = Options(operator="asha@acme.example", locked=True)
    (line,) = lines_of(Invocation("doctor"), options=locked, profile="production")
    assert line == "ssh HOST 'switchboard doctor'"
    # A terminal for what asks a question; one connection for each command.
    lines = lines_of(
        Invocation("permissions revoke", {"words": (str(ASHA), PAYLOAD)}, ACME),
        Invocation("integrations show", {"integration_type": PAYLOAD}, ACME),
        options=locked,
    )
    assert [line.partition("'")[0] for line in lines] == ["ssh -t HOST ", "ssh HOST "]
    for line, words in zip(
        lines,
        (["permissions", "revoke", str(ASHA), PAYLOAD], ["integrations", "show", PAYLOAD]),
        strict=True,
    ):
        *_, asked = shlex.split(line)
        assert words_over_ssh({"SSH_ORIGINAL_COMMAND": asked}) == [*words, "--organization", str(ACME)]
    for text in ("x" * 8200, "--operator=x"):
        with pytest.raises(InvalidInput):
            lines_of(Invocation("integrations show", {"integration_type": text}), options=locked)
