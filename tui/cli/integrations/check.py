"""The command `check`: asks what is due, and tells what has changed."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from tui.cli.parsing import command, option
from tui.cli.requirements import Requirements
from tui.data.checks.due import LONGEST, SHORTEST
from tui.data.directory import organizations_by_id
from tui.data.keys.gate import check_gate
from tui.errors import AlreadyTold, ConfigError, InvalidInput
from tui.providers import title_of
from tui.session.checks import ask_what_is_due, tell_changes, tell_together
from tui.session.stored_checks import StoredChecks
from tui.session.webhook import Webhook
from tui.words.integrations.changes import change_sentence
from tui.words.people.organizations import organization_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.data.checks.store import NoticedChange
    from tui.models import Json
    from tui.secret import Secret
    from tui.session.session import Session

NEEDS = Requirements("support", key="required", writes="data", finds=True)
DURATION = re.compile("([0-9]{1,4})(m|h|d)")
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@command(locked=True, needs=NEEDS)
@option(
    "--all",
    "everywhere",
    locked=True,
    needs=NEEDS._replace(organization=False),
    help="Check every organisation that the login sees.",
)
@option(
    "--every",
    locked=True,
    metavar="TIME",
    default="6h",
    help="How long lies between two checks: 30m, 6h (default), 1d.",
)
@option("--notify", help="Post each change to the address in SWITCHBOARD_WEBHOOK_URL.")
def check(everywhere: bool, every: str, notify: bool) -> Work:
    """Ask the providers that are due, and tell what has changed.

    Made for cron and systemd timers: it asks once and ends, and says nothing where nothing has changed.

    What was refused is asked again only once its credential was changed or somebody has tested it, Exotel also after a
    day. Exits with 5 while something is broken. What it leaves out, since its definition is not recorded (`switchboard
    types record`), it names each time.
    """
    return partial(_check, everywhere=everywhere, every=_duration(every), notify=notify)


def _duration(text: str) -> timedelta:
    match = DURATION.fullmatch(text.strip().lower())
    duration = int(match[1]) * UNITS[match[2]] if match else timedelta()
    if not SHORTEST <= duration <= LONGEST:
        raise InvalidInput("That is not a time between two checks.", "Give --every one from 5m to 7d, such as 6h.")
    return duration


async def _check(session: Session, out: Output, *, everywhere: bool, every: timedelta, notify: bool) -> None:
    """Run a check. Raises AlreadyTold while something is broken, and the first failure that kept it from an outcome."""
    address = session.settings.webhook_url
    if notify and address is None:
        raise ConfigError("No webhook is configured.", "Set SWITCHBOARD_WEBHOOK_URL, or leave --notify out.")
    # Without the key nobody is asked.
    (await check_gate(session.database, session.keyring)).require_write()
    # cron mails whatever is written.
    tell_progress = out.progress if sys.stderr.isatty() else lambda _: None
    checks = StoredChecks(session, None if everywhere else session.chosen_organization.id, every, tell_progress)
    asked = await ask_what_is_due(checks, checks.ask)
    monitored = await checks.monitored()
    for refusal in checks.not_recorded.values():
        # Each run tells it anew: what is left out is watched by nobody.
        out.warn(refusal.sentence, refusal.what_to_do)
    names = await organizations_by_id(session.database, [one.integration.organization_id for one in monitored])
    broken = sum(one.state.is_broken for one in monitored)

    def tell(changes: Sequence[NoticedChange]) -> None:
        records = [_record(change, names) for change in changes]
        if not out.as_table:
            left = {"left": asked.left, "numbers_left": checks.numbers_left}
            not_recorded = list(checks.not_recorded)
            out.data(
                {"asked": asked.number, **left, "broken": broken, "not_recorded": not_recorded, "changes": records}
            )
        else:
            for record in records:
                out.text(record["text"])
        # What could not be written was not told.
        sys.stdout.flush()

    if address is None or not notify:
        await tell_together(checks, tell)
    else:
        await _post_changes(checks, address, names, tell)
    if asked.failures:
        raise asked.failures[0]
    if broken:
        raise AlreadyTold("Something is broken.", "`switchboard integrations list` says what.")


async def _post_changes(
    checks: StoredChecks,
    address: Secret,
    names: Mapping[UUID, str | None],
    tell: Callable[[Sequence[NoticedChange]], None],
) -> None:
    """Post each change, and `tell` those that the receiver has taken. Raises ProviderFailed where it took one not."""
    taken: list[NoticedChange] = []
    async with Webhook(address) as webhook:

        async def post(change: NoticedChange) -> None:
            await webhook.post(_record(change, names))
            taken.append(change)

        try:
            await tell_changes(checks, post)
        finally:
            tell(taken)


def _record(change: NoticedChange, names: Mapping[UUID, str | None]) -> Json:
    organization = organization_name(change.organization_id, names.get(change.organization_id))
    sentence = change_sentence(title_of(change.integration_type), change.kind, change.number, change.value)
    record: dict[str, Any] = {
        "id": change.id,
        "change": change.kind,
        "text": f"{organization}: {sentence}.",
        "organization_id": change.organization_id,
        "integration_id": change.integration_id,
        "integration_type": change.integration_type,
        "number": change.number or None,
        "value": change.value or None,
        "noticed_at": change.noticed_at,
    }
    return record
