"""The command `integrations test`: one integration, or all of an organisation, asked at the provider."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from tui.cli.completion.candidates import types
from tui.cli.integrations.lookup import find_integration
from tui.cli.parsing import argument, command, option
from tui.cli.requirements import Requirements
from tui.data.integrations.listing import list_integrations
from tui.data.keys.encryption import Keyring
from tui.data.keys.gate import check_gate
from tui.errors import CheckFailed, InvalidInput, NotFound, SwitchboardError
from tui.providers import known_type
from tui.session.observing import StoredTest
from tui.words.integrations.description import verdict_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.models.integrations import Integration
    from tui.providers.verdicts import Verdict
    from tui.session.connection_test import ConnectionTestResult
    from tui.session.session import Session

OUTCOMES = {"passed": "ok", "failed": "FAILED", "doubtful": "unproven"}
INTEGRATION_FIELDS = ("id", "integration_type", "display_name")
ASKING = "Asking the provider; ctrl+c stops."
READING = "Reading what else the provider tells; ctrl+c stops that, and what was read is kept."


@command(locked=True, needs=Requirements("support", key="required", writes="log", finds=True))
@argument("integration_type", locked=True, metavar="[TYPE]", required=False, shell_complete=types)
@option("--all", "everything", locked=True, help="Test every integration of the organisation.")
def test(integration_type: str | None, everything: bool) -> Work:
    """Ask the provider whether a credential works; nothing is sent or changed there.

    Give a TYPE (or the id of a row), or --all.

    Three levels, each reported by itself: shape (the fields), reach (name, TLS), answer (what the provider said).
    Exits with 5 where it did not pass. After a yes it reads what the provider tells besides, for 20 s at most.
    """
    if everything == (integration_type is not None):
        raise InvalidInput("It is not clear what to test.", "Give a TYPE, or --all.")
    return _test_all if integration_type is None else partial(_test, integration_type=integration_type)


async def _test(session: Session, out: Output, *, integration_type: str) -> None:
    """Test the integration of a type or of an id.

    Raises CheckFailed where it did not pass, and MasterKeyError where no key that is configured opens it.
    """
    integration = await find_integration(session, integration_type, or_give=", or --all")
    out.say(ASKING)
    by_hand = StoredTest(session, integration)
    tested = await by_hand.run(partial(say_verdict, out, integration))
    if not out.as_table:
        out.data(_record(integration, tested))
    else:
        out.text(tested.summary())
    if not tested.is_verified:
        await _require_key(session, [tested])
        raise CheckFailed(f"{integration_type} did not pass its test.", "The output above says what to do.")
    await _read_on(out, integration, by_hand)


async def _read_on(out: Output, integration: Integration, by_hand: StoredTest) -> None:
    """Read what the provider tells besides, which the database then has; the test has passed, whatever comes of it."""
    about = integration.integration_type
    if by_hand.has_more:
        out.say(f"{about}  {READING}")
        try:
            said = await by_hand.read_on(
                lambda asked, to_ask: out.progress(f"{about}  {asked:,} of {to_ask:,} numbers asked.")
            )
        except SwitchboardError as failure:
            out.warn(failure.sentence, failure.what_to_do)
        else:
            out.say(f"{about}  {said}")


async def _test_all(session: Session, out: Output) -> None:
    """Test every integration that is set up, side by side. Raises as _test does."""
    listed = await list_integrations(session.database, Keyring(None), session.chosen_organization.id, [])
    testable = [integration for integration in listed if _has_test(integration)]
    if not testable:
        raise NotFound("No integration of this organisation can be tested.", "Set one up first.")
    out.say(ASKING)
    tests = [StoredTest(session, integration) for integration in testable]
    pairs = list(zip(testable, tests, strict=True))
    results = await asyncio.gather(*(_test_or_fail(out, integration, by_hand) for integration, by_hand in pairs))
    if not out.as_table:
        out.data([_record(integration, result) for integration, result in zip(testable, results, strict=True)])
    else:
        for integration, result in zip(testable, results, strict=True):
            text = str(result) if isinstance(result, SwitchboardError) else result.summary()
            out.text(f"{integration.integration_type}: {text}")
    await asyncio.gather(*(_read_on(out, integration, by_hand) for integration, by_hand in pairs))
    failed = sum(isinstance(result, SwitchboardError) or not result.is_verified for result in results)
    if failed:
        await _require_key(session, [result for result in results if not isinstance(result, SwitchboardError)])
        raise CheckFailed(f"{failed} of {len(testable)} did not pass.", "The output above says what to do.")


async def _require_key(session: Session, tested: Sequence[ConnectionTestResult]) -> None:
    """Raise MasterKeyError where a key is what is missing: nothing was asked then."""
    if any(outcome.lacks_key for outcome in tested):
        (await check_gate(session.database, session.keyring)).require_write()


def _has_test(integration: Integration) -> bool:
    definition = known_type(integration.integration_type)
    return definition is not None and definition.test is not None


async def _test_or_fail(
    out: Output, integration: Integration, by_hand: StoredTest
) -> ConnectionTestResult | SwitchboardError:
    """Test an integration; return the failure, so that the tests beside it go on."""
    try:
        return await by_hand.run(partial(say_verdict, out, integration))
    except SwitchboardError as failure:
        return failure


def say_verdict(out: Output, integration: Integration, verdict: Verdict) -> None:
    """Write a line of prose on a verdict as it comes."""
    outcome = f"{OUTCOMES[verdict.outcome]:<8}"
    out.say(f"{integration.integration_type}  {outcome}  {verdict_words(verdict)} {verdict.what_to_do}".rstrip())


def _record(integration: Integration, result: ConnectionTestResult | SwitchboardError) -> dict[str, Any]:
    record: dict[str, Any] = {name: getattr(integration, name) for name in INTEGRATION_FIELDS}
    if isinstance(result, SwitchboardError):
        return record | {"passed": False, "error": result.sentence, "what_to_do": result.what_to_do}
    report = result.report
    return record | {
        "passed": report.passed,
        "check_proven": result.unproven_type is None,
        "result": result.row_result,
        "level": report.level,
        "milliseconds": report.milliseconds,
        "code": report.code,
        "verdicts": [_verdict(verdict) for verdict in report.verdicts],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {name: getattr(verdict, name) for name in verdict.__slots__}
