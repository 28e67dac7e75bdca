"""docs/commands.md: `python -m tests.generate.commands` writes it.

What a command requires is declared with the command. Here stands an example of each, and the fields of its JSON.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from tests.support.database.number_rows import OLD, RAVI
from tui.cli.parsing import COMMON, Command, Group, Option
from tui.cli.root import switchboard
from tui.data.rights import RIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.cli.requirements import Requirements

DOCUMENT = Path(__file__).parents[2] / "docs" / "commands.md"
WIDTH = 120
PROGRAM = "switchboard"
SEALED_ROW = UUID(int=1)
ROLES = {
    "none": "-",
    "any": "any group",
    "support": "support",
    "administrator": "administrator",
    "owner": "owner",
}
KEYS = {
    "none": "-",
    "optional": "optional",
    "required": "needed",
    "sealing": "sealing key",
    "cosigning": "cosigner's key",
}
YES, NO = "yes", "no"
INTRODUCTION = """\
# Commands

Every one of them, and what [each does and requires](#requirements). Secrets are never options or arguments: they come
from standard input, a file, or the environment. Data goes to standard output, everything else to standard error.
"""
HEADER = """\
## Requirements

What each command and [option](#options) does and requires, and what a command [prints as JSON](#json).
`switchboard help COMMAND` explains a command in full, as `--help` and `-h` do. `python -m tests.generate.commands`
makes this file from what each command declares, and `tests/cli/test_requirements.py` runs every command against every
column.

- **role**: the least that the login may be. "any group" begins with auditors (`switchboard_auditor`); above them are
  support (`switchboard_support`), administrators (`switchboard_admin`) and the owner of the schema. A login that is
  less gets exit status 3. "-" connects to no database.
- **master key**: what is "needed" and missing, or another one, ends with 4; "optional" shows less without it.
- **read-only mode** (`--read-only`, `SWITCHBOARD_READ_ONLY`): "no" is refused with 2 before anything is asked.
- **read-only database** (a standby, or `default_transaction_read_only`): "no" ends with 1, since at least the log would
  have to be written.
- **locked**: whether it works in the [locked console](ssh.md); "no" is refused with 2.
- **pooler**: whether it works through a pooler in transaction mode; "no" ends with 1.
- **exit status**: all that it can end with by itself: 0 done; 1 it failed; 2 wrong usage or input; 3 refused by the
  database's permissions; 4 the key is missing or wrong; 5 it ran and found something; 126 and 127 the program that was
  named cannot be executed, or is not there. 70 is a crash, 128+n a signal.
"""
JSON_INTRODUCTION = """\
## JSON

What `--json` prints, in ASCII: "object" is one object, "list" one array of objects. A field that is a column of the
tables has the column's name. A failure is one object on standard error (`error`, `what_to_do`, `exit`), and so is a
warning (`warning`, `what_to_do`).

`--format` (`-o`) chooses between four forms of the same fields, before or after any command; `--json` is
`--format json`. `json` is one line, on a terminal it is indented. `jsonl` is a line for each object of a list. `csv`
has a header and a row for each object, as the csv of an [export](reading_the_log.md#exporting-the-log): nothing in it
is a formula (so `+91...` has an apostrophe before it), null is an empty field, and what is nested is its JSON; what has
to be exact (a key, SQL, a script) is refused as csv. `table`, for people, is what there is without the option.
`audit export` has a `--format` of its own.
"""
OPTIONS_INTRODUCTION = """\
## Options

An option requires what its command requires; an empty cell says that it changes nothing. "every command" marks the
common options, which stand before or after any command.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """A command line that finds what it is about once those before it were run, and what it writes with --json.

    `output` is the shape of standard output in words, `fields` those of an object of it.
    """

    line: str
    output: str
    fields: str

    @property
    def path(self) -> str:
        """The command's path."""
        return max((path for path in leaves() if f"{self.line} ".startswith(f"{path} ")), key=len)

    @property
    def needs(self) -> Requirements:
        """What is declared for the line: by the option in it that says so, else by the command."""
        return next((option.needs for option in self._options if option.needs), leaves()[self.path].needs)

    @property
    def locked(self) -> bool:
        """Whether the line works in the locked console: the command does, and every option of its own in the line."""
        return leaves()[self.path].locked and all(option.locked for option in self._options)

    @property
    def _options(self) -> list[Option]:
        options = (option for option in leaves()[self.path].params if isinstance(option, Option))
        return [option for option in options if option.opts[0] in self.line.split()]


OBJECT, LIST = "object", "list"
TYPE = "name title origin check proven_on file sha256"
INTEGRATION = (
    "id organization_id integration_type display_name is_active is_verified last_verified_at created_by updated_by "
    "created_at updated_at envelope_format unreadable proven failing tested_at verified_by people_with_access "
    "phone_numbers state standing standing_since last_30_days checked_at next_check_at warnings observed check_proven"
)
NUMBER = (
    "id organization_id integration_id phone_number display_name number_type assigned_to_user_id is_primary can_call "
    "can_sms is_active created_at updated_at e164 integration_type organization_name assigned_to"
)
SYNC = (
    "integration_type integration_id operation_id synced_numbers new_numbers updated_numbers deactivated_numbers "
    "deactivates_all primary new changed gone left duplicates unusable dry_run"
)
ACCESS = (
    f"id user_id email name standing integration_id integration_type {' '.join(f'can_{right}' for right in RIGHTS)} "
    "expires_at daily_limit monthly_limit granted_by granted_at state used_today used_this_month allowed refused"
)
REVIEW = "grants changes revokes cells notes applied operation_id"
TAKEN = "user_id revokes phone_numbers logins left_to_do notes applied operation_id"
LOGIN = (
    "login user_id email name label role sees_all speaks_for_others organizations note added_by added_at removed_at "
    "state expires_at connection_limit sessions"
)
LOG_ROW = (
    "id organization_id user_id integration_type action status details ip_address user_agent created_at operator_from"
)
PLAN = (
    "starting_shape present missing different in_the_way holes log_indexes accepted not_accepted dry_run applied "
    "statements_run roles_created indexes_built drifts holes_left notes seconds master_key next_step"
)
KEY_STATUS = (
    "state key_id source recorded_key_id weaknesses other_reading previous_sources by_format by_key unreadable "
    "keys legacy malformed legacy_writers sealing_keys"
)
ROTATION = "from_key_id to_key_id credentials versions by_key by_format fingerprint unreadable"
UNREADABLE = "00000000-0000-4000-8000-0000000000f0"
EARLIER_KEY_ID = "AAAAAAAAAAAAAAAAAAAAAA"
ROLLBACK = "id integration_type version changed is_verified check_proven applied"
RESTORE = "id organization_id integration_type permissions phone_numbers not_restored applied"
# One for each command, and one for each option that changes what is required. The first one of a command stands for it
# in the document.
ARCHIVE = "audit-2026-01.jsonl.gz"
ARCHIVED_MONTH = "month state rows file sha256 removable_from removed left_out hours_left"
EXAMPLES = (
    Example("demo --env", "with --env an object, by variable", ""),
    Example("schema", OBJECT, "sql"),
    Example("doctor", LIST, "area title state sentence what_to_do"),
    Example("keys generate", OBJECT, "master_key"),
    Example("completion bash", OBJECT, "script"),
    Example("help", OBJECT, "help"),
    Example("version", OBJECT, "version"),
    Example("types list", LIST, TYPE),
    Example(
        "types show smtp_imap",
        OBJECT,
        f"{TYPE} help fields kept_fields hosts asks shows lists_numbers documentation unconfirmed check_sha256",
    ),
    Example("types new acme_voice", "object; with --output name, file", "name definition"),
    Example(
        "types check own_caller.toml",
        OBJECT,
        "name is_proven credential made_up_secret sentence what_to_do control file",
    ),
    Example("types list --recorded", LIST, f"{TYPE} recorded"),
    Example(
        "types record acme_mail",
        "object; with --withdraw name, sha256, withdrawn",
        "name file sha256 hosts recorded_before changed",
    ),
    Example("keys status", OBJECT, KEY_STATUS),
    Example(f"keys retire {EARLIER_KEY_ID}", OBJECT, "key_id state"),
    Example("integrations list", LIST, INTEGRATION),
    Example("integrations show exotel_phone", OBJECT, f"{INTEGRATION} credential last_used dependents"),
    Example("integrations configure exotel_phone", OBJECT, "id organization_id integration_type created changed"),
    Example(
        "integrations test exotel_phone",
        "object; with --all a list",
        "id integration_type display_name passed check_proven result level milliseconds code verdicts",
    ),
    Example("run exotel_phone -- echo {}", "what the program prints", ""),
    Example("phone-numbers list", LIST, f"{NUMBER} warnings observed"),
    Example("phone-numbers sync --dry-run", OBJECT, SYNC),
    Example("phone-numbers sync", OBJECT, SYNC),
    Example("phone-numbers add 08040000000", OBJECT, f"{NUMBER} changed"),
    Example(f"phone-numbers edit {OLD} --name Desk", OBJECT, f"{NUMBER} changed"),
    Example(f"phone-numbers assign {OLD} ravi@acme.example", OBJECT, f"{NUMBER} changed"),
    Example(f"phone-numbers unassign {OLD}", OBJECT, f"{NUMBER} changed"),
    Example(f"phone-numbers primary {OLD}", "object; previous_primary where there was one", f"{NUMBER} changed"),
    Example(f"phone-numbers deactivate {OLD}", OBJECT, f"{NUMBER} changed"),
    Example("permissions list", LIST, ACCESS),
    Example(f"permissions grant {RAVI} exotel_phone --send --dry-run", OBJECT, REVIEW),
    Example(f"permissions grant {RAVI} exotel_phone --send", OBJECT, REVIEW),
    Example(f"permissions copy {RAVI} asha@acme.example --dry-run", OBJECT, REVIEW),
    Example(f"permissions copy {RAVI} asha@acme.example", OBJECT, REVIEW),
    Example(
        f"permissions report {RAVI}",
        OBJECT,
        "user_id email name standing permissions phone_numbers secrets other_organizations unattributed_openings "
        "elsewhere logins sees_everything",
    ),
    Example(f"permissions revoke {RAVI} exotel_phone --dry-run", OBJECT, REVIEW),
    Example(f"permissions revoke {RAVI} exotel_phone", OBJECT, REVIEW),
    Example(f"permissions offboard {RAVI} --dry-run", OBJECT, TAKEN),
    Example(f"permissions offboard {RAVI}", OBJECT, TAKEN),
    Example("access list", LIST, LOGIN),
    Example(
        f"access add newcomer --person {RAVI} --role auditor --all-organizations",
        OBJECT,
        f"{LOGIN} left_to_do log_row created password",
    ),
    Example("access edit colleague --note Desk", OBJECT, f"{LOGIN} left_to_do log_row"),
    Example("access remove colleague", OBJECT, f"{LOGIN} left_to_do log_row sessions_ended"),
    Example("audit list", LIST, LOG_ROW),
    Example(f"audit list --archive {ARCHIVE}", LIST, LOG_ROW),
    Example(
        "audit export --output log.jsonl",
        "with --output an object, else one on each line as in audit list, without operator_from",
        "file manifest rows bytes sha256 first last format altered",
    ),
    Example(
        f"audit export --archive {ARCHIVE} --output old.jsonl",
        OBJECT,
        "file manifest filter filter_as_typed archive archive_sha256 rows bytes sha256 format altered switchboard",
    ),
    Example("audit tail", "an object on each line", LOG_ROW),
    Example(
        "audit stats",
        OBJECT,
        "rows complete counted_back_to archived_before timezone by_action by_status by_integration_type by_user_id "
        "by_day",
    ),
    Example(
        f"audit stats --archive {ARCHIVE} --by hour",
        OBJECT,
        "rows complete counted_back_to archived_before timezone by_hour",
    ),
    Example("audit stats --by hour", OBJECT, "rows complete counted_back_to archived_before timezone by_hour"),
    Example(
        "audit seal",
        "object; with --new-key key_id, public_key",
        "seals rows sealed_until newest_seal key_id archive_due_before",
    ),
    Example("audit seal --new-key other.pem", OBJECT, "key_id public_key"),
    Example(
        "audit verify",
        "object; another with --file and --proof",
        "ok seals rows first_hour sealed_until newest_seal keys checkpoints archived found findings",
    ),
    Example(f"audit prove {SEALED_ROW}", OBJECT, "id file origin seals proof"),
    Example("audit checkpoint", OBJECT, "origin seals root checkpoint"),
    Example("audit cosign a.checkpoint", "object; with --new-key name, public_key", "origin seals root checkpoint"),
    Example("audit cosign --new-key another.pem", OBJECT, "name public_key"),
    Example(
        "audit verify --proof a.proof --public-key seal.pub",
        OBJECT,
        "ok row place rows_in_hour hour sealed_at sealed_by operator key_id origin seals cosigned_at",
    ),
    Example(
        "audit verify --file earlier.jsonl",
        OBJECT,
        "ok file manifest rows bytes sha256 operation_id found findings",
    ),
    Example("audit retention", OBJECT, "log_months due_before"),
    Example("audit retention --months 3", OBJECT, "log_months due_before"),
    Example("audit archive --before 2026-02 --dry-run", LIST, ARCHIVED_MONTH),
    Example("audit archive --before 2026-02 --output archive", LIST, ARCHIVED_MONTH),
    Example("setup --dry-run", OBJECT, PLAN),
    Example("setup", OBJECT, PLAN),
    Example("integrations threshold exotel_phone 500", OBJECT, "id integration_type balance_threshold"),
    Example(
        "integrations history exotel_phone",
        LIST,
        "version kind replaced_at user_id author replaced_by operation_id changed changed_is_claimed fingerprint "
        "was_verified verified_at unreadable is_present operator_from",
    ),
    Example("integrations versions", OBJECT, "versions_kept versions_days"),
    Example("integrations versions --keep 5", OBJECT, "versions_kept versions_days"),
    Example("integrations versions --days 30", OBJECT, "versions_kept versions_days"),
    Example("integrations rollback exotel_phone --dry-run", OBJECT, ROLLBACK),
    Example("integrations rollback exotel_phone --test", OBJECT, ROLLBACK),
    Example("integrations rollback exotel_phone", OBJECT, ROLLBACK),
    Example(
        "integrations restore zoho_mail --dry-run",
        "object; without TYPE a list of what was deleted, each with integration_id, organization_id, integration_type, "
        "display_name, deleted_at, author, deleted_by, version, permissions, phone_numbers, is_replaced, operator_from",
        RESTORE,
    ),
    Example("integrations restore zoho_mail", OBJECT, RESTORE),
    Example("integrations forget exotel_phone", OBJECT, "organization_id integration_type forgotten"),
    Example("integrations disable exotel_phone", OBJECT, "id integration_type is_active changed"),
    Example("integrations enable exotel_phone", OBJECT, "id integration_type is_active changed"),
    Example(
        "integrations delete exotel_phone",
        OBJECT,
        "id integration_type deleted permissions people phone_numbers last_used dependents",
    ),
    # Afterwards the key that is configured opens nothing.
    Example("check", OBJECT, "asked left numbers_left broken not_recorded changes"),
    Example("check --all", OBJECT, "asked left numbers_left broken not_recorded changes"),
    Example(f"keys rotate --to new.key --without {UNREADABLE} --dry-run", OBJECT, ROTATION),
    Example(f"keys rotate --to new.key --without {UNREADABLE}", OBJECT, f"{ROTATION} log_row"),
)


def every_command(command: click.Command | None = None, path: str = "") -> Iterator[tuple[str, Command]]:
    """Yield each command with its path, groups before what is in them; the path of the program itself is empty."""
    command = command or switchboard
    assert isinstance(command, Command), f"{path} is not made by tui.cli.parsing"
    yield path, command
    for name, inner in _commands_of(command):
        yield from every_command(inner, f"{path} {name}".strip())


def _commands_of(command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands of a group by name, in the order of its list; none of any other command."""
    context = click.Context(command)
    for name in command.list_commands(context) if isinstance(command, Group) else ():
        inner = command.get_command(context, name)
        assert inner is not None, name
        yield name, inner


@cache
def leaves() -> dict[str, Command]:
    """Return the commands that are no groups, by path."""
    return {path: command for path, command in every_command() if not isinstance(command, click.Group)}


def commands_document() -> str:
    """Return docs/commands.md."""
    return "\n".join(
        [
            INTRODUCTION,
            commands_list(),
            HEADER,
            *_commands_table(),
            OPTIONS_INTRODUCTION,
            *_options(),
            JSON_INTRODUCTION,
            *_json_table(),
        ]
    )


def commands_list() -> str:
    """Return the list of all commands and of the common options."""
    lines = [f"{PROGRAM:<45} the console; the wizard where nothing is set up yet"]
    for name, command in _commands_of(switchboard):
        if isinstance(command, Group):
            usages = " | ".join(_usage(*inner) for inner in _commands_of(command))
            head = f"{PROGRAM} {name} "
            wrapped = textwrap.wrap(usages, WIDTH, initial_indent=head, subsequent_indent=head)
            lines += [line.removesuffix(" |") for line in wrapped]
        else:
            lines.append(_line(f"{PROGRAM} {name}", _summary(command)))
    lines += ["", "before or after any command:"]
    lines += [_line(_option_usage(option), str(option.help)) for option in COMMON if isinstance(option, Option)]
    return "\n".join(["```", *lines, "```", ""])


def _summary(command: click.Command) -> str:
    """Return the first sentence or paragraph of the command's help, on one line."""
    return command.get_short_help_str(limit=10 * WIDTH)


def _line(usage: str, sentence: str) -> str:
    return f"{usage:<45} {sentence[:1].lower()}{sentence[1:].removesuffix('.')}"


def _usage(name: str, command: click.Command) -> str:
    arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    return " ".join([name, *(_argument(argument) for argument in arguments)])


def _argument(argument: click.Argument) -> str:
    name = str(argument.metavar)
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _cells(needs: Requirements, *, locked: bool) -> list[str]:
    return [
        ROLES[needs.role],
        KEYS[needs.key],
        NO if needs.writes == "data" else YES,
        "-" if needs.role == "none" else YES if needs.writes == "nothing" and not needs.installs else NO,
        YES if locked else NO,
        "-" if needs.role == "none" else NO if needs.installs else YES,
        ", ".join(map(str, needs.exit_statuses)),
    ]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


COLUMNS = ("role", "master key", "read-only mode", "read-only database", "locked", "pooler", "exit status")


def _commands_table() -> Iterator[str]:
    yield _row("command", "what it does", *COLUMNS)
    yield "|---" * (2 + len(COLUMNS)) + "|"
    for path, command in leaves().items():
        cells = _cells(command.needs, locked=command.locked)
        yield _row(f"`{_usage(path, command)}`", _summary(command), *cells)
    yield ""


def _json_table() -> Iterator[str]:
    yield _row("command", "output", "fields")
    yield "|---|---|---|"
    for path in leaves():
        example = next((example for example in EXAMPLES if example.path == path), None)
        if example is None:
            raise LookupError(f"{path} has no Example in {__file__}: a line to run, its output and fields")
        yield _row(f"`{path}`", example.output, ", ".join(example.fields.split()))
    yield ""


def _options() -> Iterator[str]:
    yield _row("command", "option", "what", "locked", *(column for column in COLUMNS if column != "locked"))
    yield "|---" * (3 + len(COLUMNS)) + "|"
    for option in COMMON:
        assert isinstance(option, Option)
        yield _option_row("every command", option)
    for path, command in every_command():
        for option in command.params:
            if isinstance(option, Option):
                yield _option_row(f"`{path or PROGRAM}`", option)
    yield ""


def _option_usage(option: Option) -> str:
    names = "/".join([*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.metavar}"


def _option_row(where: str, option: Option) -> str:
    name = f"`{_option_usage(option)}`"
    role, key, mode, database, locked, pooler, statuses = (
        _cells(option.needs, locked=option.locked) if option.needs else [""] * len(COLUMNS)
    )
    locked = YES if option.locked else NO
    return _row(where, name, option.help or "", locked, role, key, mode, database, pooler, statuses)


def main() -> None:
    """Write docs/commands.md."""
    DOCUMENT.write_text(commands_document(), encoding="utf-8")


if __name__ == "__main__":
    main()
