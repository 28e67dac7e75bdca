"""What a report of a connection test says about the credential itself."""

from __future__ import annotations

import pytest

from tests.support.acme import ACME, PHONE
from tui.data.integrations.credentials import Draft
from tui.data.keys.encryption import Keyring
from tui.errors import InvalidInput
from tui.providers.fields import Field, IntegrationType
from tui.providers.verdicts import Report, Verdict
from tui.session import connection_test
from tui.session.session import Session
from tui.settings.settings import Settings

REACHED = Verdict("reach", "host", "passed", "It answers.")
YES = Verdict("answer", "account", "passed", "Accepted.", code="200")
NO = Verdict("answer", "account", "failed", "Not accepted.", "Copy it again.", code="401")
BUSY = Verdict("answer", "SMTP", "failed", "Too many connections.", "Wait.", code="421", is_temporary=True)
DOUBT = Verdict("answer", "account", "doubtful", "Asked too often.", "Wait 30 s.", code="429")
POSTPONED = Verdict("answer", "number", "doubtful", "Asked too often.", "Wait 30 s.", code="429", is_temporary=True)
LOCKED = Verdict("shape", "envelope", "failed", "No master key.", "Configure it.", is_temporary=True)
UNREACHED = Verdict("reach", "IMAP", "failed", "No such host.", "Check its spelling.")
INCOMPLETE = Verdict("shape", "fields", "failed", "Account SID: it is required.", "Correct it.")


@pytest.mark.parametrize(
    ("verdicts", "judgement", "code"),
    [
        ((REACHED, YES), "verified", "200"),
        ((REACHED, YES, DOUBT), "verified", "429"),
        ((REACHED, YES, POSTPONED), "unknown", "429"),
        ((LOCKED,), "unknown", ""),
        ((REACHED, NO), "refused", "401"),
        ((YES, NO), "refused", "401"),
        ((INCOMPLETE,), "refused", ""),
        ((UNREACHED,), "unknown", ""),
        ((YES, UNREACHED), "unknown", "200"),
        ((YES, BUSY), "unknown", "421"),
        ((BUSY, NO), "refused", "421"),
        ((REACHED, DOUBT), "unknown", "429"),
        ((REACHED,), "unknown", ""),
    ],
)
def test_only_a_no_of_the_provider_speaks_against_a_credential(
    verdicts: tuple[Verdict, ...], judgement: str, code: str
) -> None:
    report = Report(verdicts, 12)
    assert (connection_test.standing_of(report), report.code) == (judgement, code)


@pytest.mark.parametrize("verdicts", [(REACHED, NO), (REACHED, DOUBT), (YES, BUSY), (UNREACHED,), (LOCKED,)])
def test_what_did_not_pass_says_why_first_and_then_what_was_kept(verdicts: tuple[Verdict, ...]) -> None:
    summary = connection_test.ConnectionTestResult(Report(verdicts, 12), "kept").summary()
    reason = verdicts[-1]
    assert summary.startswith(f"{reason.sentence} {reason.what_to_do} ")
    assert summary.endswith(
        (
            "the credential is kept.",
            "the state of the credential did not change.",
            "nothing is known about the credential.",
        )
    )


def test_why_is_told_in_our_own_words_alone() -> None:
    turned_away = Verdict("reach", "SMTP", "failed", "It turned away. It said: token=hunter2", "Wait.", code="554")
    whys = [connection_test.outcome_of(Report((verdict,), 12)).details().get("why") for verdict in (UNREACHED, NO)]
    assert whys == ["No such host.", None]
    details = connection_test.outcome_of(Report((turned_away,), 12)).details()
    assert details["why"] == "The SMTP server answered 554 before the login."
    assert "hunter2" not in str(details)


def test_a_yes_to_what_is_not_stored_any_more_verifies_nothing() -> None:
    report = Report((REACHED, YES), 12)
    assert connection_test.ConnectionTestResult(report, "kept").is_verified
    changed = connection_test.ConnectionTestResult(report, "changed meanwhile")
    assert not changed.is_verified
    assert "Verified" not in changed.summary()


def test_a_yes_of_an_unproven_check_names_what_proves_it() -> None:
    tested = connection_test.ConnectionTestResult(Report((REACHED, YES), 12), "kept", unproven_type="acme_voice")
    assert tested.is_verified
    said = "Verified. The check of this type is unproven: `switchboard types check acme_voice`."
    assert tested.conclusion() == said
    refused = connection_test.ConnectionTestResult(Report((REACHED, NO), 12), "kept", unproven_type="acme_voice")
    assert "unproven" not in refused.conclusion()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:22", "api.exotel.com.evil.example"])
@pytest.mark.parametrize("stored", [None, PHONE])
async def test_the_locked_console_asks_no_host_that_was_only_typed_whatever_the_secrets(
    host: str, stored: dict[str, str] | None
) -> None:
    verdicts: list[Verdict] = []
    typed = {**PHONE, "api_host": host, "api_key": "typed-anew", "api_token": "typed-anew"}
    session = Session(Settings(locked=True), {}, Keyring(None))
    with pytest.raises(InvalidInput, match="asks only the provider's hosts"):
        await connection_test.run_on_draft(
            session, Draft(ACME, "exotel_phone", typed, None), verdicts.append, stored=stored
        )
    assert verdicts == []


def test_a_default_that_takes_the_place_of_a_stored_host_is_named_as_a_typed_one() -> None:
    host = Field("api_host", "API host", "host", "", default="api.acme.example")
    type_ = IntegrationType("acme_voice", "Acme voice", "", (host,))
    stored = {"api_host": "eu.acme.example"}
    assert connection_test.strange_hosts(type_, {}, stored) == {host: "api.acme.example"}
    assert connection_test.strange_hosts(type_, {}, {}) == {}
    assert connection_test.strange_hosts(type_, {"api_host": "EU.acme.example."}, stored) == {}
