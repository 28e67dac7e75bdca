"""The doctor: looks at everything an installation stands on, and says in plain words what is well and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.directory import directory_sources
from tui.data.keys.gate import check_gate, take_census
from tui.data.keys.sources import standing_warning, wrapping_words
from tui.data.schema.accepted import what_to_do
from tui.data.schema.holes import HOLES, find_hidden_rows
from tui.data.schema.preflight import ROLES
from tui.data.schema.state import schema_state
from tui.data.schema.verify import verify
from tui.data.setup.findings import Finding, FindingState, env_file_findings, server_findings
from tui.data.setup.seal_findings import seal_findings
from tui.errors import CHECK_NETWORK, MasterKeyError, PermissionDenied, SchemaNewer, SwitchboardError
from tui.words.counts import counted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from tui.data.keys.encryption import Keyring
    from tui.data.keys.gate import Gate, OtherReading
    from tui.data.postgres.connection_settings import ConnectionSettings
    from tui.data.postgres.database import Connection, Database
    from tui.data.schema.holes import Hole
    from tui.data.schema.verify import Drift
    from tui.models import Census

__all__ = ["Finding", "FindingState", "examine"]

MISSING_ROLES = """
select r.name from unnest(%(roles)s::text[]) as r(name) where pg_catalog.to_regrole(r.name) is null order by r.name
"""
RUN_SETUP = "Run `switchboard setup`: it shows what it will do first."
LISTED_DRIFTS = 20
# What is said where a hole is not there: its title in schema.holes, a short title, and the sentence.
CLOSED = {
    "Every organisation's rows are open to everybody signed in": (
        "Policies",
        "No policy lets people reach the rows of other organisations.",
    ),
    "People can grant themselves rights": ("Self-service", "Nobody signed in can grant themselves rights."),
    "The credentials were open to everybody with the API's public key": (
        "Public API",
        "The credentials cannot be read with the API's public key.",
    ),
    "The API's roles hold privileges on the tables": (
        "Grants",
        "The API's roles (anon, authenticated) hold no privilege that was not meant for them.",
    ),
    "Row security is off": ("Row security", "Row security is on for all four tables."),
    "The log can be rewritten": ("Log", "The log refuses UPDATE, DELETE and TRUNCATE, to its owner too."),
    "Changes leave no trace": ("Triggers", "Each changed row is written into the log by a trigger."),
    "Several primary numbers": ("Primary numbers", "No organisation has more than one primary number."),
}


async def examine(
    database: Database | None,
    keyring: Keyring,
    *,
    connection: ConnectionSettings | None,
    env_file: Path,
    failure: SwitchboardError | None = None,
) -> list[Finding]:
    """Look at connection, schema, access, key and files, and return what was found, in that order.

    Never raises for something that is wrong: that is a Finding. `database` is None where there is no connection, and
    `failure` then says why; beside a connection it is what else went wrong on the way in. `connection` is what was
    asked for, `env_file` the `.env` in use, existing or not.
    """
    found: list[Finding] = []
    if database is None or database.info is None:
        sentence = failure.sentence if failure else "There is no connection to the database."
        what_to_do = failure.what_to_do if failure else "Set DATABASE_URL, or run `switchboard setup`."
        found.append(Finding("connection", "Connection", "problem", sentence, what_to_do))
        found += _keys_alone(keyring)
    else:
        found += server_findings(database.info, connection)
        if failure is not None:
            found.append(Finding("connection", failure.title, "problem", failure.sentence, failure.what_to_do))
        looks: tuple[tuple[str, str, Callable[[], Awaitable[list[Finding]]]], ...] = (
            ("schema", "Schema", lambda: _schema(database)),
            ("schema", "Directory", lambda: _directory(database)),
            ("key", "Master key", lambda: _key(database, keyring)),
        )
        for area, title, look in looks:
            if database.is_silent:
                found.append(
                    Finding(area, title, "problem", "Not looked at: the database does not answer.", CHECK_NETWORK)
                )
            else:
                found += await _guarded(area, title, look())
    found += _reminders(keyring)
    found += env_file_findings(env_file)
    return found


async def _guarded(area: str, title: str, look: Awaitable[list[Finding]]) -> list[Finding]:
    """Turn a failure to look into a finding: what a role may not see is no problem of the installation."""
    try:
        return await look
    except PermissionDenied as refused:
        return [Finding(area, title, "warning", f"Not visible to your role. {refused.sentence}", refused.what_to_do)]
    except SwitchboardError as failed:
        return [Finding(area, title, "problem", failed.sentence, failed.what_to_do)]


async def _schema(database: Database) -> list[Finding]:
    state = await database.read(schema_state)
    if state == "missing":
        return [Finding("schema", "Schema", "problem", "The schema is not installed.", RUN_SETUP)]
    if state == "newer":
        return await _newer_schema(database)
    verification = await database.read(verify)
    found = []
    if state == "partial":
        sentence = "The schema is installed in part, or the tables belong to another program only."
        found.append(Finding("schema", "Schema", "problem", sentence, RUN_SETUP))
    elif state == "outdated":
        sentence = "The schema is of an earlier version than this Switchboard."
        found.append(Finding("schema", "Schema", "warning", sentence, RUN_SETUP))
    elif not verification.drifts:
        found.append(Finding("schema", "Schema", "ok", "The schema is complete, and as Switchboard made it."))
    found += _drifts(verification.drifts)
    if verification.accepted:
        count = len(verification.accepted)
        things = counted(count, "thing of another program is", "things of other programs are")
        found.append(Finding("schema", "Accepted", "ok", f"{things} accepted: {', '.join(verification.accepted)}."))
    found += _holes(verification.holes, is_installed=state == "installed")
    found += _hidden_rows(await database.read(find_hidden_rows))
    found.append(await _roles(database))
    return found + (await _guarded("access", "Seals", seal_findings(database)) if state == "installed" else [])


async def _newer_schema(database: Database) -> list[Finding]:
    """What this version can tell of it: not whether it is complete, nor what setup would mend."""
    newer = SchemaNewer()
    found = [Finding("schema", "Schema", "warning", newer.sentence, newer.what_to_do), await _roles(database)]
    return found + await _guarded("access", "Seals", seal_findings(database))


def _drifts(drifts: Iterable[Drift]) -> list[Finding]:
    every = list(drifts)
    found = [_drift(drift) for drift in every[:LISTED_DRIFTS]]
    rest = len(every) - len(found)
    if rest:
        found.append(Finding("schema", "Drift", "problem", f"{rest} more differences like these.", RUN_SETUP))
    return found


def _drift(drift: Drift) -> Finding:
    if drift.expected is not None or drift.found is None:
        return Finding("schema", "Drift", "problem", drift.sentence, RUN_SETUP)
    state: FindingState = "problem" if drift.acceptable is None else "warning"
    return Finding("schema", "Of others", state, drift.sentence, what_to_do(drift.found))


def _holes(holes: Iterable[Hole], *, is_installed: bool) -> list[Finding]:
    """The open ones, and, where the schema is complete, that the others are closed."""
    open_holes = {hole.title: hole for hole in holes}
    found = []
    for hole in HOLES:
        title, closed = CLOSED[hole.title]
        here = open_holes.get(hole.title)
        if here is not None and here.closed_by:
            what_to_do = f"`switchboard setup` closes it: {here.closed_by}."
            found.append(Finding("access", title, "problem", f"{here.title}. {here.sentence}", what_to_do, here.query))
        elif here is not None:
            what_to_do = "Keep one of them; nothing else is affected meanwhile."
            found.append(Finding("access", title, "warning", here.sentence, what_to_do, here.query))
        elif is_installed:
            found.append(Finding("access", title, "ok", closed))
    return found


def _hidden_rows(holes: Iterable[Hole]) -> list[Finding]:
    found = []
    for hole in holes:
        sentence, _, what_to_do = hole.sentence.rpartition(". ")
        found.append(Finding("access", "Hidden rows", "warning", f"{hole.title}. {sentence}.", what_to_do, hole.query))
    return found


async def _directory(database: Database) -> list[Finding]:
    """Why people or organisations do not come from the tables that look as if they were theirs, or whose views are."""
    if await database.read(schema_state) == "missing":
        return []
    found = []
    for source in (await directory_sources(database)).values():
        title = source.view_name.capitalize()
        if source.note is not None:
            found.append(Finding("schema", title, "warning", *source.note))
        elif source.replaced is not None:
            found.append(Finding("schema", title, "ok", *source.replaced))
    return found


async def _roles(database: Database) -> Finding:
    async def unit(connection: Connection) -> list[str]:
        rows = await (await connection.execute(MISSING_ROLES, {"roles": list(ROLES)})).fetchall()
        return [row["name"] for row in rows]

    missing = await database.read(unit)
    if missing:
        sentence = f"The groups for people's own logins are not there: {', '.join(missing)}."
        return Finding(
            "access", "Roles", "ok", sentence, "`switchboard setup --roles` creates them, where several people work."
        )
    return Finding("access", "Roles", "ok", "The groups for people's own logins are there.")


async def _key(database: Database, keyring: Keyring) -> list[Finding]:
    gate = await check_gate(database, keyring)
    found = []
    try:
        gate.require_write()
    except MasterKeyError as refused:
        found.append(Finding("key", "Master key", "problem", refused.sentence, refused.what_to_do))
    else:
        found.append(_open_gate(gate.state, gate.key_source or "", gate.known_key_id))
    if gate.other is not None and keyring.current is not None:
        found.append(_two_readings(gate, gate.other, wrapping_words(keyring.current)))
    if keyring.keys and await database.read(schema_state) != "missing":
        found += await _guarded("key", "Credentials", _census(database, keyring))
    return found


def _two_readings(gate: Gate, other: OtherReading, wrapping: str) -> Finding:
    """The key as it is and without what stands round it, and which of the two is in use."""
    if other.is_in_use:
        what_to_do = f"What is stored was written without the {other.wrapping}: take that out."
    elif gate.state in ("open", "mixed"):
        what_to_do = "What is stored was written with it: leave it, and set it the same way wherever the key is set."
    elif other.state == "unused":
        what_to_do = "Nothing is stored yet: take it out now, unless other programs use the key with it."
    elif gate.state == "wrong key":
        what_to_do = "Neither of the two is the key in use."
    else:
        what_to_do = f"Without the {other.wrapping} it is not the key in use."
    sentence = f"The master key from {gate.key_source} begins or ends with {wrapping}, and that is part of the key"
    if gate.known_key_id and other.key_id:
        sentence += f": its key id is {gate.known_key_id} as it is, and {other.key_id} without"
    return Finding("key", "Around the key", "warning", f"{sentence}.", what_to_do)


def _open_gate(state: str, source: str, key_id: str | None) -> Finding:
    if state == "mixed":
        return Finding(
            "key",
            "Master key",
            "warning",
            f"The master key from {source} opens some of the credentials, and some it does not.",
            "See which with `switchboard keys status`; the others need their own key, or have to be entered again.",
        )
    sentence = (
        f"The master key from {source} is ready; its id is kept with the first credential."
        if state == "unused"
        else f"The master key from {source} is the one in use{f' (key id {key_id})' if key_id else ''}."
    )
    return Finding("key", "Master key", "ok", sentence)


async def _census(database: Database, keyring: Keyring) -> list[Finding]:
    return [_counted(await take_census(database, keyring))]


def _counted(census: Census) -> Finding:
    if not census.total:
        return Finding("key", "Credentials", "ok", "No credential is stored yet.")
    formats = ", ".join(f"{count} {name}" for name, count in sorted(census.by_format.items()))
    if census.unreadable:
        reasons = sorted({reason for _, reason in census.unreadable})
        return Finding(
            "key",
            "Credentials",
            "problem",
            f"{len(census.unreadable)} of {census.total} credentials do not open ({', '.join(reasons)}).",
            "`switchboard keys status` names them; configure their key, or enter them again.",
        )
    return Finding("key", "Credentials", "ok", f"All {census.total} credentials open ({formats}).")


def _keys_alone(keyring: Keyring) -> list[Finding]:
    """What can be said of the key without a database."""
    try:
        key = keyring.writing_key()
    except MasterKeyError as refused:
        return [Finding("key", "Master key", "problem", refused.sentence, refused.what_to_do)]
    sentence = f"There is a master key, from {key.source}; whether it is the right one needs the database."
    return [Finding("key", "Master key", "ok", sentence)]


def _reminders(keyring: Keyring) -> list[Finding]:
    found = []
    standing = standing_warning(keyring)
    if standing:
        sentence, _, what_to_do = standing.partition(". ")
        found.append(Finding("key", "Service role", "warning", f"{sentence}.", what_to_do))
    if keyring.current is not None:
        found.append(
            Finding(
                "key",
                "Copy of the key",
                "ok",
                "Without the master key no credential opens again, and nobody can bring it back.",
                "Make sure that a copy of it is stored elsewhere: not on this machine, not in this database.",
            )
        )
    return found
