"""What is known over time is said of the credential that is stored now, and of a check as the next run will find it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from tests.support.acme import ACME
from tui.data.checks.state import CheckState
from tui.data.integrations.seen_checks import SeenChecks
from tui.models.integrations import Integration
from tui.session.seen_checks import with_checks

if TYPE_CHECKING:
    from tui.models.integrations import Checks

NOW = datetime.now(UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORKS = Integration(UUID(int=7), ACME, "exotel_phone", is_active=True, is_verified=True, proven=True)
BROKEN = WORKS._replace(is_verified=False, proven=False, failing=True)
UNTESTED = BROKEN._replace(failing=False)
VERIFIED = CheckState(NOW - HOUR, NOW - HOUR, "verified", "verified", NOW - 3 * DAY)
REFUSED = CheckState(NOW - HOUR, NOW - HOUR, "refused", "refused", NOW - DAY, NOW - HOUR)
CUT_OFF = CheckState(NOW - HOUR, NOW - HOUR, "unknown", "cut off", NOW - HOUR, NOW - HOUR)
BEGUN = VERIFIED._replace(begun_at=NOW - timedelta(minutes=10))
LOG = SeenChecks(None, {}, (), ("works",) * 30, "verified", NOW - 9 * DAY, True, 6 * HOUR)


def seen(integration: Integration, state: CheckState | None, log: SeenChecks = LOG) -> Checks:
    assert integration.id is not None
    (found,) = with_checks([integration], {integration.id: log._replace(state=state)})
    assert found.checks is not None
    return found.checks


def test_a_standing_is_of_the_credential_that_is_stored_now() -> None:
    no_log = LOG._replace(days=(), judged=None, since=None)
    corrected = NOW - timedelta(minutes=5)
    for integration, state, log, standing in (
        (WORKS, VERIFIED, LOG, "verified"),
        (WORKS, None, LOG, "verified"),
        (UNTESTED, VERIFIED, LOG, None),
        (UNTESTED, None, LOG, None),
        # Another program says that it works, of what was saved since.
        (WORKS._replace(proven=False), VERIFIED, LOG, None),
        (BROKEN, REFUSED, LOG, "refused"),
        (UNTESTED, REFUSED._replace(changed_at=corrected), LOG, None),
        (WORKS, CUT_OFF, LOG, "cut off"),
        (UNTESTED, CUT_OFF._replace(changed_at=corrected), LOG, None),
        # Nothing is proven where the log is hidden.
        (WORKS._replace(proven=False), VERIFIED, no_log, "verified"),
        (UNTESTED, VERIFIED, no_log, None),
        (UNTESTED, REFUSED, no_log, "refused"),
        (UNTESTED, REFUSED._replace(changed_at=corrected), no_log, None),
    ):
        checks = seen(integration, state, log)
        assert (checks.standing, checks.since is None) == (standing, standing is None), (integration, state, log)
    # It was tested by hand before anybody watched it; what is watched for longer than a month is known for longer.
    assert seen(WORKS, VERIFIED).since == NOW - 9 * DAY
    # The log has the first check, a moment before it is remembered.
    first = seen(WORKS, VERIFIED, LOG._replace(since=NOW - 3 * DAY - timedelta(seconds=1), is_exact=False))
    assert (first.since, first.since_exactly) == (NOW - 3 * DAY, True)
    assert seen(WORKS, VERIFIED._replace(standing_since=NOW - 40 * DAY)).since == NOW - 40 * DAY
    assert seen(BROKEN, REFUSED).since == NOW - DAY


def test_a_check_that_was_cut_off_is_shown_as_the_next_run_will_find_it() -> None:
    # Not since this module was imported: a run of all tests may take longer than a check.
    going_on = seen(WORKS, VERIFIED._replace(begun_at=datetime.now(UTC)))
    assert (going_on.is_in_progress, going_on.standing) == (True, "verified")
    exotel, mailbox = seen(WORKS, BEGUN), seen(WORKS._replace(integration_type="zoho_mail"), BEGUN)
    assert (exotel.is_in_progress, exotel.standing) == (mailbox.is_in_progress, exotel.standing) == (False, "verified")
    assert exotel.next_at is not None and exotel.next_at >= NOW + 23 * HOUR
    assert (mailbox.standing, mailbox.next_at) == ("cut off", None)


def test_a_declared_type_shows_what_its_definition_says_and_nothing_of_exotels() -> None:
    checks = seen(WORKS._replace(integration_type="whatsapp_cloud"), VERIFIED)
    assert checks.shown == ("Number", "Verified name", "Quality rating", "Messaging limit tier")
    assert not checks.is_observed
    exotel = seen(WORKS, VERIFIED)
    assert (exotel.shown, exotel.is_observed) == ((), True)
