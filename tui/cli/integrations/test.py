"""`integrations test`: one integration, or all of an organisation, asked at the provider."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tui.cli.run import organization_of
from tui.data.integrations.listing import list_integrations
from tui.data.keys.gate import check_gate
from tui.errors import CheckFailed, InvalidInput, NotFound, SwitchboardError
from tui.providers import integration_type as known_type
from tui.providers import registry
from tui.session.connection_test import run_on_stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.cli.output import Output
    from tui.models import Integration
    from tui.providers.verdicts import Verdict
    from tui.session.connection_test import Tested
    from tui.session.session import Session

SIGNS = {"passed": "ok", "failed": "FAILED", "doubtful": "unproven"}
NAMES = ("id", "integration_type", "display_name")


async def test_one(session: Session, out: Output, *, integration_type: str) -> None:
    """Test the integration of a type or id.

    Raises CheckFailed where it did not pass, and MasterKeyError where no key that is configured opens it.
    """
    wanted = [
        integration
        for integration in await _set_up(session, out)
        if integration_type in (integration.integration_type, str(integration.id))
    ]
    if not wanted:
        known_type(integration_type)
        raise NotFound(
            f"{integration_type} is not set up in this organisation.",
            f"Set it up with `switchboard integrations configure {integration_type}`.",
        )
    if len(wanted) > 1:
        ids = ", ".join(str(integration.id) for integration in wanted)
        raise InvalidInput(f"There are {len(wanted)} rows of {integration_type}.", f"Give an id, or --all: {ids}.")
    _announce(out)
    tested = await run_on_stored(session, wanted[0], _teller(out, wanted[0]))
    if out.as_json:
        out.data(_record(wanted[0], tested))
    else:
        out.text(tested.summary())
    if not tested.is_verified:
        await _require_key(session, [tested])
        raise CheckFailed(f"{integration_type} did not pass its test.", "What to do stands above.")


async def test_all(session: Session, out: Output) -> None:
    """Test every integration that is set up, side by side. Raises as test_one does."""
    wanted = [integration for integration in await _set_up(session, out) if _has_test(integration)]
    if not wanted:
        raise NotFound("No integration of this organisation can be tested.", "Set one up first.")
    _announce(out)
    results = await asyncio.gather(*(_one_of_all(session, out, integration) for integration in wanted))
    if out.as_json:
        out.data([_record(integration, result) for integration, result in zip(wanted, results, strict=True)])
    else:
        for integration, result in zip(wanted, results, strict=True):
            said = result.summary() if not isinstance(result, SwitchboardError) else str(result)
            out.text(f"{integration.integration_type}: {said}")
    failed = sum(isinstance(result, SwitchboardError) or not result.is_verified for result in results)
    if failed:
        await _require_key(session, [result for result in results if not isinstance(result, SwitchboardError)])
        raise CheckFailed(f"{failed} of {len(wanted)} did not pass.", "What to do stands above.")


async def _set_up(session: Session, out: Output) -> Sequence[Integration]:
    from tui.data.keys.encryption import Keyring

    return await list_integrations(session.database, Keyring(None), organization_of(session).id, [])


def _announce(out: Output) -> None:
    out.say("Asking the provider; ctrl+c stops.")


async def _require_key(session: Session, tested: Sequence[Tested]) -> None:
    """Raise MasterKeyError where a key is what is missing: nothing was asked then."""
    if any(one.lacks_key for one in tested):
        (await check_gate(session.database, session.keyring)).require_write()


def _has_test(integration: Integration) -> bool:
    known = registry().get(integration.integration_type)
    return known is not None and known.test is not None


async def _one_of_all(session: Session, out: Output, integration: Integration) -> Tested | SwitchboardError:
    try:
        return await run_on_stored(session, integration, _teller(out, integration))
    except SwitchboardError as failure:
        return failure


def _teller(out: Output, integration: Integration) -> Any:
    def tell(verdict: Verdict) -> None:
        took = f" ({verdict.milliseconds} ms)" if verdict.milliseconds is not None else ""
        said = f"{verdict.sentence} {verdict.what_to_do}".strip()
        sign = SIGNS[verdict.outcome]
        out.say(f"{integration.integration_type}  {verdict.level:<6}  {verdict.subject}: {sign}. {said}{took}")

    return tell


def _record(integration: Integration, result: Tested | SwitchboardError) -> dict[str, Any]:
    record: dict[str, Any] = {name: getattr(integration, name) for name in NAMES}
    if isinstance(result, SwitchboardError):
        return record | {"passed": False, "error": result.sentence, "what_to_do": result.what_to_do}
    report = result.report
    return record | {
        "passed": report.passed,
        "result": result.kept,
        "level": report.level,
        "milliseconds": report.milliseconds,
        "code": report.code,
        "verdicts": [_verdict(verdict) for verdict in report.verdicts],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {name: getattr(verdict, name) for name in verdict.__slots__}
