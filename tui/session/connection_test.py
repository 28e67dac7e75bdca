"""One connection test from the stored or typed credential to what the log and the screen say of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from tui.data.integrations.connection_test_record import ConnectionTestOutcome, log_draft_test, record_test
from tui.data.integrations.credentials import PassedTest, binding
from tui.data.integrations.envelope_opening import take_envelope
from tui.data.keys.gate import why_closed
from tui.errors import InvalidInput, Unreadable
from tui.providers import integration_type
from tui.providers.validation import changed_hosts, validate
from tui.providers.verdicts import Report, Verdict
from tui.session.openable_type import openable_type
from tui.words.counts import counted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tui.data.integrations.connection_test_record import CredentialStanding, RowResult
    from tui.data.integrations.credentials import Draft
    from tui.models import Json
    from tui.models.integrations import Integration
    from tui.providers.fields import Field, IntegrationType
    from tui.providers.verdicts import Tell
    from tui.session.session import Session

ENVELOPE = "envelope"
LONGEST_S = 90.0
"""Each level has a time-out of its own; this one only ends a test that does not keep to them."""


@dataclass(frozen=True, slots=True)
class Job:
    """A test that somebody wants to see: what it is of, and how it is run.

    `stored` is what a command calls the integration, None where what is tested is not stored. `read_on` then reads what
    the provider tells besides, telling how many of how many numbers were asked, and says in the end what that was.
    """

    title: str
    run: Callable[[Tell], Awaitable[ConnectionTestResult]]
    stored: str | None = None
    read_on: Callable[[Callable[[int, int], None]], Awaitable[str]] | None = None


@dataclass(frozen=True, slots=True)
class ConnectionTestResult:
    """A finished test: its report, whether the integration's row says so too, and what a save of the draft may use.

    `unproven_type` is the type whose check nobody has seen say no; None where the check is proven.
    """

    report: Report
    row_result: RowResult | Literal["not saved"]
    passed_draft: PassedTest | None = None
    unproven_type: str | None = None

    @property
    def is_verified(self) -> bool:
        """Whether the provider said yes to what is stored now, or to the draft."""
        return self.report.passed and self.row_result != "changed meanwhile"

    @property
    def is_unknown(self) -> bool:
        """Whether nobody answered, which says nothing about the credential."""
        return standing_of(self.report) == "unknown"

    @property
    def lacks_key(self) -> bool:
        """Whether nothing was asked because no key that is configured here opens the envelope."""
        return any(verdict.subject == ENVELOPE and verdict.is_temporary for verdict in self.report.verdicts)

    def summary(self) -> str:
        """Say what it came to, beginning with the first failure."""
        reason = self.report.reason
        why = f"{reason.sentence} {reason.what_to_do} " if reason else ""
        return f"{why}{self.conclusion()}"

    def conclusion(self) -> str:
        """Say in a sentence or two what it came to and what was kept of it."""
        if self.row_result == "changed meanwhile":
            return "Somebody changed the integration during the test, so its state did not change: test it again."
        if self.report.passed:
            doubtful = sum(verdict.outcome == "doubtful" for verdict in self.report.verdicts)
            remarks = f", with {counted(doubtful, 'remark')}" if doubtful else ""
            conclusion = f"Verified{remarks}."
            if self.unproven_type is not None:
                conclusion += f" The check of this type is unproven: `switchboard types check {self.unproven_type}`."
        elif self.lacks_key:
            conclusion = "The provider was not asked, and the state of the credential did not change."
        elif self.is_unknown:
            conclusion = "The provider could not be reached, so nothing is known about the credential."
        else:
            conclusion = "Not verified; the credential is kept."
        if self.row_result == "read-only":
            return f"{conclusion} Read-only mode: only the log has this result."
        if self.passed_draft is not None:
            return f"{conclusion} If you save it unchanged, it stays verified."
        return f"{conclusion} It is not saved yet." if self.row_result == "not saved" else conclusion


def standing_of(report: Report) -> CredentialStanding:
    """Return what a report says about the credential; a provider that was not reached, or is busy, says nothing."""
    if report.passed:
        return "verified"
    return "refused" if report.says_no else "unknown"


async def run_on_stored(
    session: Session,
    integration: Integration,
    tell: Tell,
    *,
    is_watched: bool = True,
    when_passed: Callable[[Mapping[str, Any]], Awaitable[None]] | None = None,
) -> ConnectionTestResult:
    """Test an integration that is set up, and keep the result; `when_passed` then gets the credential.

    Where it is not watched by somebody, no second login follows a refused one.

    The opening is logged before, and its outcome after; both carry one operation id. Raises UnknownType, NotRecorded,
    InvalidInput where the type has no test, and PermissionDenied; an envelope that does not open is a verdict.
    """
    type_ = _require_test(await openable_type(session, integration.integration_type))
    operation_id = uuid4()
    sealed = await take_envelope(session.database, integration, "test", operation_id=operation_id)
    try:
        contents = await asyncio.to_thread(session.keyring.open, sealed.envelope, binding(integration))
    except Unreadable as problem:
        # The key that is configured here says nothing about the credential.
        is_locked = problem.reason in ("no key", "other key")
        why = await why_closed(session.database, session.keyring, problem)
        verdict = Verdict("shape", ENVELOPE, "failed", why.sentence, why.what_to_do, is_temporary=is_locked)
        tell(verdict)
        report = Report((verdict,), 0)
    else:
        test = type_.test if is_watched else type_.test_unwatched or type_.test
        report = await _run_test(type_._replace(test=test), contents.credential, tell)
    outcome = outcome_of(report)
    result = await record_test(session.database, integration, outcome, sealed.stamp, operation_id)
    if when_passed is not None and report.passed and result == "kept":
        await when_passed(contents.credential)
    return ConnectionTestResult(report, result, unproven_type=_unproven_type(type_))


async def run_on_draft(
    session: Session, draft: Draft, tell: Tell, *, stored: Mapping[str, Any] | None = None
) -> ConnectionTestResult:
    """Test a credential that is not saved; where it passed, a save of exactly this one keeps it verified.

    `stored` is what it was made from; that none of its secrets goes to another host is validate()'s to say. Raises as
    run_on_stored does, and InvalidInput where the locked console would ask a host that was only typed.
    """
    name = draft.integration_type
    type_ = _require_test(integration_type(name) if stored is None else await openable_type(session, name))
    credential = dict(draft.credential)
    strange = strange_hosts(type_, credential, stored or {})
    if strange and session.settings.locked:
        raise InvalidInput(
            "The locked console asks only the provider's hosts and the stored one: the "
            f"{' and '.join(field.label for field in strange)} is another.",
            "Save it first, if you may: that is logged.",
        )
    report = await _run_test(type_, credential, tell)
    outcome = outcome_of(report)
    hosts = {field.name: host for field, host in strange.items()}
    logged_at = await log_draft_test(session.database, draft.organization_id, draft.integration_type, outcome, hosts)
    passed = PassedTest(credential, logged_at, outcome.details()) if report.passed else None
    return ConnectionTestResult(report, "not saved", passed, _unproven_type(type_))


def strange_hosts(type_: IntegrationType, typed: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[Field, str]:
    """Return the hosts that are neither the provider's own nor the stored ones, by their fields; defaults as well."""
    hosts = {field: str(typed.get(field.name) or field.default) for field in changed_hosts(type_, typed, stored)}
    return {field: host for field, host in hosts.items() if host.partition(":")[0] not in field.choices}


async def _run_test(type_: IntegrationType, credential: Mapping[str, Any], tell: Tell) -> Report:
    verdicts: list[Verdict] = []
    started = time.monotonic()

    def add(verdict: Verdict) -> None:
        verdicts.append(verdict)
        tell(verdict)

    shape = shape_of(type_, credential)
    add(shape)
    if shape.outcome == "passed" and type_.test is not None:
        try:
            async with asyncio.timeout(LONGEST_S):
                await type_.test(credential, add)
        except TimeoutError:
            add(Verdict("reach", "provider", "failed", f"It took longer than {LONGEST_S:.0f} s.", "Try again later."))
    return Report(tuple(verdicts), round((time.monotonic() - started) * 1000))


def shape_of(type_: IntegrationType, credential: Mapping[str, Any]) -> Verdict:
    """Judge whether the fields of a credential are complete and well formed, without asking anybody."""
    validated = validate(type_, credential)
    if not validated.problems:
        return Verdict("shape", "fields", "passed", "The fields are complete and well formed.")
    sentences = []
    for name, sentence in validated.problems.items():
        field = type_.field(name)
        sentences.append(f"{field.label if field else name}: {sentence}")
    return Verdict("shape", "fields", "failed", " ".join(sentences), "Correct it in the editor, then test again.")


def outcome_of(report: Report) -> ConnectionTestOutcome:
    """Return what is kept of a report, which has no text of the provider."""
    verdicts = tuple(_verdict_details(verdict) for verdict in report.verdicts)
    reason, why = report.reason, ""
    # Of an answer the code alone is logged: its sentence may hold what the provider said. A mail server may also answer
    # with a code before the login.
    if reason is not None and reason.level == "reach":
        why = (
            f"The {reason.subject} server answered {reason.code} before the login." if reason.code else reason.sentence
        )
    return ConnectionTestOutcome(standing_of(report), report.level, report.milliseconds, report.code, verdicts, why)


def _verdict_details(verdict: Verdict) -> Json:
    details: Json = {
        "level": verdict.level,
        "subject": verdict.subject,
        "outcome": verdict.outcome,
        "milliseconds": verdict.milliseconds,
        "code": verdict.code,
    }
    return {name: value for name, value in details.items() if value not in (None, "")}


def _unproven_type(type_: IntegrationType) -> str | None:
    return None if type_.is_check_proven else type_.name


def _require_test(type_: IntegrationType) -> IntegrationType:
    if type_.test is None:
        raise InvalidInput(
            f"There is no connection test for {type_.title}.", "Its fields are checked when it is edited."
        )
    return type_
