"""The doctor: looks at everything an installation stands on, and says in plain words what is well and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.directory import directory_sources
from tui.data.keys.gate import check_gate, take_census
from tui.data.keys.inventory import age_warning, days_of_active_key
from tui.data.keys.sources import standing_warning, wrapping_words
from tui.data.schema.accepted import what_to_do
from tui.data.schema.holes import HOLES, find_hidden_rows
from tui.data.schema.roles import missing_roles
from tui.data.schema.state import SCHEMA_SENTENCES, schema_state
from tui.data.schema.verify import verify
from tui.data.scope import sees_everything
from tui.data.setup.findings import Finding, FindingState, Subject, env_file_findings, server_findings
from tui.data.setup.operator_findings import claim_findings, login_findings, operator_finding
from tui.data.setup.seal_findings import seal_findings
from tui.data.setup.type_findings import type_findings
from tui.errors import Advice, MasterKeyError, PermissionDenied, SchemaNewer, SwitchboardError
from tui.words.counts import counted
from tui.words.people.scope import in_sight

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from pathlib import Path

    from tui.data.keys.encryption import Keyring
    from tui.data.keys.gate import Gate, OtherReading
    from tui.data.postgres.conninfo.settings import ConnectionSettings
    from tui.data.postgres.database import Database
    from tui.data.schema.holes import Hole
    from tui.data.schema.verify import Drift
    from tui.models.people import Login
    from tui.providers.declared.definition import Definition

RUN_SETUP = "Run `switchboard setup`: it shows what it will do first."
LISTED_DRIFTS = 20


async def examine(
    database: Database | None,
    keyring: Keyring,
    *,
    connection: ConnectionSettings | None,
    env_file: Path,
    failure: SwitchboardError | None = None,
    key_days: int | None = None,
    definitions: Sequence[Definition] = (),
) -> list[Finding]:
    """Look at connection, schema, access, key and files, and return what was found, in that order.

    Never raises for something that is wrong: that is a Finding. `database` is None where there is no connection, and
    `failure` then says why; beside a connection it is what else went wrong on the way in. `connection` is what was
    asked for, `env_file` the `.env` in use, existing or not. `key_days` is the age after which the master key should be
    changed. `definitions` are those of the integration types that files declare.
    """
    findings: list[Finding] = []
    if database is None or database.info is None:
        sentence = failure.sentence if failure else "There is no connection to the database."
        what_to_do = failure.what_to_do if failure else "Set DATABASE_URL, or run `switchboard setup`."
        findings.append(Finding(Subject.CONNECTION, "problem", sentence, what_to_do))
        findings += _key_without_database(keyring)
    else:
        findings += server_findings(database.info, connection, reads_only=database.read_only)
        findings.append(operator_finding(database))
        if failure is not None:
            findings.append(
                Finding(Subject.FAILURE, "problem", failure.sentence, failure.what_to_do, name=failure.title)
            )
        looks: tuple[tuple[Subject, Callable[[], Awaitable[list[Finding]]]], ...] = (
            (Subject.SCHEMA, lambda: _schema(database, definitions)),
            (Subject.DIRECTORY, lambda: _directory(database)),
            (Subject.MASTER_KEY, lambda: _key(database, keyring, key_days)),
        )
        for subject, look in looks:
            if database.is_silent:
                findings.append(
                    Finding(subject, "problem", "Not checked: the database does not answer.", Advice.CHECK_NETWORK)
                )
            else:
                findings += await _findings_or_failure(subject, look())
    findings += _reminders(keyring)
    findings += env_file_findings(env_file)
    return findings


async def _findings_or_failure(subject: Subject, look: Awaitable[list[Finding]]) -> list[Finding]:
    """Turn a failure to look into a finding: what a role may not see is no problem of the installation."""
    try:
        return await look
    except PermissionDenied as refused:
        return [Finding(subject, "warning", f"Not visible to your role. {refused.sentence}", refused.what_to_do)]
    except SwitchboardError as failed:
        return [Finding(subject, "problem", failed.sentence, failed.what_to_do)]


async def _schema(database: Database, definitions: Sequence[Definition]) -> list[Finding]:
    verification = await database.read(verify)
    state = verification.state
    sentence = SCHEMA_SENTENCES[state]
    findings = []
    match state:
        case "missing":
            return [Finding(Subject.SCHEMA, "problem", sentence, RUN_SETUP)]
        case "newer":
            # This version cannot tell whether it is complete, nor what setup would mend.
            findings = [Finding(Subject.SCHEMA, "warning", sentence, SchemaNewer.usual_way_out), await _roles(database)]
            return findings + await _findings_or_failure(Subject.SEALS, seal_findings(database))
        case "partial":
            findings.append(Finding(Subject.SCHEMA, "problem", sentence, RUN_SETUP))
        case "outdated":
            findings.append(Finding(Subject.SCHEMA, "warning", sentence, RUN_SETUP))
        case "installed" if not verification.drifts:
            findings.append(Finding(Subject.SCHEMA, "ok", sentence))
    findings += _drifts(verification.drifts)
    if verification.accepted:
        count = len(verification.accepted)
        things = counted(count, "object of another program is", "objects of other programs are")
        findings.append(Finding(Subject.ACCEPTED, "ok", f"{things} accepted: {', '.join(verification.accepted)}."))
    findings += _holes(verification.holes, is_installed=state == "installed", login=database.login)
    findings += map(_hole, await database.read(find_hidden_rows))
    findings.append(await _roles(database))
    if state == "installed":
        findings += await _findings_or_failure(Subject.TYPE, type_findings(database, definitions))
        findings += await _findings_or_failure(Subject.LOGINS, login_findings(database))
        findings += await _findings_or_failure(Subject.CLAIMS, claim_findings(database))
        findings += await _findings_or_failure(Subject.SEALS, seal_findings(database))
    return findings


def _drifts(drifts: Iterable[Drift]) -> list[Finding]:
    listed = list(drifts)
    findings = [_drift(drift) for drift in listed[:LISTED_DRIFTS]]
    unlisted = len(listed) - len(findings)
    if unlisted:
        findings.append(Finding(Subject.DRIFT, "problem", f"{unlisted} more differences like these.", RUN_SETUP))
    return findings


def _drift(drift: Drift) -> Finding:
    if drift.expected is not None or drift.actual is None:
        return Finding(Subject.DRIFT, "problem", drift.sentence, RUN_SETUP)
    state: FindingState = "problem" if drift.acceptable is None else "warning"
    return Finding(Subject.FOREIGN, state, drift.sentence, what_to_do(drift.actual))


def _holes(holes: Iterable[Hole], *, is_installed: bool, login: Login | None) -> list[Finding]:
    """The open ones, and, where the schema is complete, that the others are closed."""
    open_holes = set(holes)
    findings = []
    for hole in HOLES:
        if hole in open_holes:
            findings.append(_hole(hole))
        elif is_installed:
            closed = hole.when_closed.replace("{in_sight}", in_sight(login))
            findings.append(Finding(Subject.HOLE, "ok", closed, name=hole.name))
    return findings


def _hole(hole: Hole) -> Finding:
    state: FindingState = "problem" if hole.closed_by else "warning"
    sentence = f"{hole.title}. {hole.sentence}"
    return Finding(Subject.HOLE, state, sentence, hole.way_out, hole.query, hole.name)


async def _directory(database: Database) -> list[Finding]:
    """Why people or organisations do not come from the tables that look as if they were theirs, or whose views are."""
    if await database.read(schema_state) == "missing":
        return []
    findings = []
    for source in (await directory_sources(database)).values():
        title = source.view_name.capitalize()
        if source.note is not None:
            findings.append(Finding(Subject.DIRECTORY, "warning", *source.note, name=title))
        elif source.replaced is not None:
            findings.append(Finding(Subject.DIRECTORY, "ok", *source.replaced, name=title))
    return findings


async def _roles(database: Database) -> Finding:
    missing = sorted(await database.read(missing_roles))
    if missing:
        sentence = f"The groups for people's own logins are not there: {', '.join(missing)}."
        return Finding(
            Subject.GROUPS, "ok", sentence, "`switchboard setup --roles` creates them, where several people work."
        )
    return Finding(Subject.GROUPS, "ok", "The groups for people's own logins are there.")


async def _key(database: Database, keyring: Keyring, key_days: int | None) -> list[Finding]:
    gate = await check_gate(database, keyring)
    findings = []
    try:
        gate.require_write()
    except MasterKeyError as refused:
        findings.append(Finding(Subject.MASTER_KEY, "problem", refused.sentence, refused.what_to_do))
    else:
        findings.append(_gate_finding(gate.state, gate.key_source or "", gate.known_key_id))
    if gate.other is not None and keyring.current is not None:
        findings.append(_two_readings(gate, gate.other, wrapping_words(keyring.current)))
    state = await database.read(schema_state)
    if state == "missing":
        return findings
    if key_days is not None and (warning := age_warning(await days_of_active_key(database), key_days)):
        findings.append(Finding(Subject.KEY_AGE, "warning", *warning))
    if keyring.keys and (state in ("partial", "outdated") or await sees_everything(database)):
        findings += await _findings_or_failure(Subject.CREDENTIALS, _census(database, keyring))
    return findings


def _two_readings(gate: Gate, other: OtherReading, wrapping: str) -> Finding:
    """The key as it is and without what stands round it, and which of the two is in use."""
    if other.is_in_use:
        what_to_do = f"What is stored was written without the {other.wrapping}: remove that."
    elif gate.state in ("open", "mixed"):
        what_to_do = "What is stored was written with it: leave it, and set it the same way wherever the key is set."
    elif other.state == "unused":
        what_to_do = "Nothing is stored yet: remove it now, unless other programs use the key with it."
    elif gate.state == "wrong key":
        what_to_do = "Neither of the two is the key in use."
    else:
        what_to_do = f"Without the {other.wrapping} it is not the key in use."
    sentence = f"The master key from {gate.key_source} begins or ends with {wrapping}, and that is part of the key"
    if gate.known_key_id and other.key_id:
        sentence += f": its key id is {gate.known_key_id} as it is, and {other.key_id} without"
    return Finding(Subject.AROUND_THE_KEY, "warning", f"{sentence}.", what_to_do)


def _gate_finding(state: str, source: str, key_id: str | None) -> Finding:
    if state == "mixed":
        return Finding(
            Subject.MASTER_KEY,
            "warning",
            f"The master key from {source} opens some of the credentials, and some it does not.",
            "See which with `switchboard keys status`; the others need their own key, or have to be entered again.",
        )
    sentence = (
        f"The master key from {source} is ready; its id is kept with the first credential."
        if state == "unused"
        else f"The master key from {source} is the one in use{f' (key id {key_id})' if key_id else ''}."
    )
    return Finding(Subject.MASTER_KEY, "ok", sentence)


async def _census(database: Database, keyring: Keyring) -> list[Finding]:
    census = await take_census(database, keyring)
    if not census.total:
        return [Finding(Subject.CREDENTIALS, "ok", "No credential is stored yet.")]
    formats = ", ".join(f"{count} {name}" for name, count in sorted(census.by_format.items()))
    if census.unreadable:
        reasons = sorted({reason for _, reason in census.unreadable})
        sentence = f"{len(census.unreadable)} of {census.total} credentials do not open ({', '.join(reasons)})."
        what_to_do = "`switchboard keys status` names them; configure their key, or enter them again."
        return [Finding(Subject.CREDENTIALS, "problem", sentence, what_to_do)]
    return [Finding(Subject.CREDENTIALS, "ok", f"All {census.total} credentials open ({formats}).")]


def _key_without_database(keyring: Keyring) -> list[Finding]:
    """What can be said of the key without a database."""
    try:
        key = keyring.writing_key()
    except MasterKeyError as refused:
        return [Finding(Subject.MASTER_KEY, "problem", refused.sentence, refused.what_to_do)]
    sentence = f"There is a master key, from {key.source}; whether it is the right one needs the database."
    return [Finding(Subject.MASTER_KEY, "ok", sentence)]


def _reminders(keyring: Keyring) -> list[Finding]:
    findings = []
    standing = standing_warning(keyring)
    if standing:
        findings.append(Finding(Subject.SERVICE_ROLE, "warning", *standing))
    if keyring.current is not None:
        findings.append(
            Finding(
                Subject.COPY_OF_THE_KEY,
                "ok",
                "Without the master key no credential opens again, and nobody can bring it back.",
                "Make sure that a copy of it is stored elsewhere: not on this machine, not in this database.",
            )
        )
    return findings
