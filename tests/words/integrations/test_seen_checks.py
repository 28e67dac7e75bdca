"""What is said of a month of checks, the next one, the account, and the health of numbers; a yes hides nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.support.acme import ACME
from tui.data.integrations.authors import Authors
from tui.models.integrations import Checks, Integration, Observed
from tui.models.numbers import PhoneNumber
from tui.words.integrations import description
from tui.words.integrations.changes import change_sentence
from tui.words.integrations.description import connection
from tui.words.integrations.seen_checks import check_facts, for_how_long, verified_words, warnings
from tui.words.integrations.versions import rolled_back
from tui.words.numbers.description import state
from tui.words.numbers.health import call_flow, calls, health_facts, number_warnings

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WORKS = Integration(
    UUID(int=7), ACME, "exotel_phone", is_active=True, is_verified=True, proven=True, last_verified_at=NOW
)
BROKEN = WORKS._replace(is_verified=False, proven=False, failing=True, tested_at=NOW, test_failure="401 key refused")
CHECKS = Checks(
    "verified",
    NOW - 12 * DAY,
    days=(*["not asked"] * 20, *["works"] * 7, "refused", "unknown", "works"),
    begun_at=NOW - timedelta(hours=2),
    every=timedelta(hours=6),
    next_at=NOW + timedelta(hours=4),
    is_observed=True,
)


def said(**values: str) -> dict[str, Observed]:
    return {name: Observed(value, NOW - timedelta(hours=2)) for name, value in values.items()}


def facts(integration: Integration = WORKS, **changed: Any) -> dict[str, str]:
    checked = integration._replace(checks=CHECKS._replace(**changed))
    return {fact.label: fact.text for fact in check_facts(checked, UTC, now=NOW)}


def worded(**changed: Any) -> tuple[str, tuple[str, ...]]:
    checked = WORKS._replace(checks=CHECKS._replace(**changed))
    return connection(checked, NOW), warnings(checked)


def test_a_yes_of_a_check_that_nobody_has_seen_say_no_is_called_that() -> None:
    assert worded(check_proven=False) == ("works, but check unproven", ("check unproven",))
    lasting = worded(check_proven=False, standing="cut off")
    assert lasting == ("works, but check cut off (+1)", ("check cut off", "check unproven"))
    told = dict(_lines(WORKS._replace(checks=CHECKS._replace(check_proven=False))))
    assert told["Connection"].startswith("verified, but check unproven; ")
    for other in (BROKEN, WORKS._replace(is_verified=False, proven=False)):
        assert "check unproven" not in warnings(other._replace(checks=CHECKS._replace(check_proven=False)))
    assert verified_words(check_proven=True) == "verified"
    assert rolled_back("Acme", 7, verified=True, check_proven=False).startswith(
        "Acme is back at version 7, verified (check unproven): "
    )
    assert rolled_back("Acme", 7, verified=False, check_proven=False) == "Acme is back at version 7, not tested yet."


def _lines(integration: Integration) -> tuple[tuple[str, str], ...]:
    return description.facts(integration, Authors(), UTC)


def test_a_month_says_each_day_and_since_when() -> None:
    assert facts()["Last 30 d"] == "....................+++++++x?+  works since 2026-11-18 (12 d)"
    assert facts(since_exactly=False)["Last 30 d"].endswith("  works at least since 2026-11-18")
    assert facts(BROKEN, standing="refused", since=NOW - 3 * DAY)["Last 30 d"].endswith(
        "  broken since 2026-11-27 (3 d)"
    )
    unknown = WORKS._replace(unknown_since=NOW - timedelta(hours=3))
    assert facts(unknown)["Last 30 d"].endswith("  worked since 2026-11-18; unknown now")
    assert facts(standing=None)["Last 30 d"].endswith("  asked on 10 days")
    assert facts(standing=None, days=("not asked",) * 30)["Last 30 d"].endswith("  nobody has asked")
    assert facts(days=())["Last 30 d"].startswith("not visible to your role")
    assert for_how_long(WORKS._replace(checks=CHECKS), NOW) == "12 d"
    assert for_how_long(WORKS._replace(checks=CHECKS._replace(since_exactly=False)), NOW) == "12 d+"
    for silent in (unknown, WORKS._replace(unreadable="altered")):
        assert for_how_long(silent._replace(checks=CHECKS), NOW) == for_how_long(WORKS) == ""
    broken = BROKEN._replace(checks=CHECKS._replace(standing="refused", since=NOW - 3 * DAY))
    assert connection(broken, NOW) == "401 key refused, 3 d ago"
    assert check_facts(WORKS, UTC) == ()


def test_the_next_check_is_no_promise_of_a_timer_that_nobody_has_seen() -> None:
    for changed, words in (
        ({}, "2026-11-30 16:00 UTC or later, by `switchboard check` (every 6h)"),
        ({"every": None}, "2026-11-30 16:00 UTC or later, by `switchboard check`"),
        (
            {"next_at": NOW - timedelta(hours=1)},
            "due, by the next run of `switchboard check`; the last was",
        ),
        ({"next_at": NOW - 3 * DAY}, "overdue: the last was 2026-11-30 10:00 UTC; does its timer still run?"),
        ({"begun_at": None, "next_at": None}, "none: `switchboard check` has never asked it"),
        ({"next_at": None}, "not by itself after a refusal: correct it, or test it"),
        ({"next_at": None, "is_in_progress": True}, "one goes on since 2026-11-30 10:00 UTC"),
        ({"standing": "cut off", "next_at": None}, "not by itself: one was cut off"),
        ({"standing": "cut off"}, "2026-11-30 16:00 UTC or later"),
    ):
        assert facts(**changed)["Next check"].startswith(words), changed
    assert facts(next_at=NOW + DAY)["Next check"] == "2026-12-01 12:00 UTC or later, by `switchboard check`"
    hidden = facts(is_visible=False)
    assert (hidden["Next check"], "Account" in hidden) == ("not visible to your role", False)
    assert facts(WORKS._replace(is_active=False))["Next check"] == "none while it is disabled"


def test_a_yes_does_not_stand_alone_where_it_hides_something() -> None:
    good = said(
        balance="1543.75", currency="INR", balance_threshold="500", kyc_status="Completed", billing_type="prepaid"
    )
    assert worded(observed=good) == ("works, just now", ())
    assert facts(observed=good)["Account"] == (
        "1,543.75 INR (warned below 500); prepaid; KYC Completed; as of 10:00 UTC"
    )
    low = {**good, **said(balance="86.4", kyc_status="pending")}
    assert worded(observed=low) == ("works, but KYC not completed (+1)", ("KYC not completed", "balance low"))
    assert facts(observed=low)["Account"].startswith(
        "86.4 INR, below 500; prepaid; KYC pending: Indian numbers are blocked; as of"
    )
    out = {"numbers_out": tuple(f"+9122489715{n}" for n in range(10, 15))}
    assert worded(**out) == ("works, but 5 numbers out", ("5 numbers out",))
    assert facts(**out)["Outage"] == "calls of +912248971510, +912248971511, +912248971512 and 2 more are out"
    assert worded(standing="cut off") == ("works, but check cut off", ("check cut off",))
    # What nobody asked is said to be so, and what is of another day has its date.
    assert facts()["Account"] == "not read yet: a test or a check reads balance and KYC"
    old = {"balance": Observed("9", NOW - 2 * DAY)}
    assert facts(observed=old)["Account"] == "9; KYC not known; as of 2026-11-28"
    assert "Account" not in facts(is_observed=False)
    # Whoever may write what is observed could end every console with it.
    for strange in ("1e999999999", "0e-999999999", "NaN", "-Infinity", "9" * 900):
        assert len(facts(observed=said(balance=strange, balance_threshold=strange))["Account"]) < 120
    assert "\x1b" not in facts(numbers_out=("\x1b[31m" * 20,))["Outage"]


def test_what_a_definition_shows_has_its_label_and_is_safe() -> None:
    declared = {"is_observed": False, "shown": ("Quality rating", "Tier")}
    shown = facts(observed=said(**{"shown:Quality rating": "GREEN", "shown:Other": "x"}), **declared)
    assert shown["Quality rating"] == "GREEN; as of 10:00 UTC"
    assert shown["Tier"] == "not read yet: a test or a check reads it"
    assert not {"Account", "Templates", "Other"} & shown.keys()
    hostile = facts(observed=said(**{"shown:Tier": "\x1b[31m" * 300}), **declared)["Tier"]
    assert "\x1b" not in hostile and len(hostile) < 240


def test_templates_are_counted_and_a_rejection_has_its_reason() -> None:
    whatsapp = WORKS._replace(integration_type="exotel_whatsapp")
    assert facts(whatsapp)["Templates"].startswith("not counted yet")
    counted = said(templates_approved="12", templates_pending="0", templates_rejected="1")
    assert "\x1b" not in facts(whatsapp, observed=said(templates_approved="\x1b[31m"))["Templates"]
    reasons = said(templates_rejected_reasons="offer: WRONG\n\x1b[31mnews: no reason given")
    lines = facts(whatsapp, observed={**counted, **reasons})
    assert lines["Templates"] == "12 approved, 1 rejected; as of 10:00 UTC"
    assert lines["Rejected"].startswith("offer: WRONG; ") and "\x1b" not in lines["Rejected"]


NUMBER = PhoneNumber(
    *(UUID(int=1), ACME, None, "+911141169368", None, "local", None),
    *(True, True, False, True, NOW, NOW, "+911141169368"),
)


def test_a_number_says_whether_calls_come_through_and_where_they_lead() -> None:
    def lines(number: PhoneNumber) -> list[str]:
        return [text for _, text, _ in health_facts(number, UTC, NOW)]

    long_ago = replace(NUMBER, observed={"number_incoming": Observed("active", NOW - 12 * DAY)})
    assert calls(long_ago, NOW) == "active, 12 d ago"
    unread = replace(NUMBER, observed={})
    assert (calls(unread), call_flow(unread), number_warnings(unread)) == ("not known", "not known", ())
    assert all(text.startswith("not known") for text in lines(unread))
    assert lines(NUMBER) == []
    active = said(number_incoming="active", number_outgoing="active", number_call_flow="4711")
    well = replace(NUMBER, observed=active)
    assert (calls(well, NOW), call_flow(well), state(well)) == ("active", "4711", "primary")
    assert lines(well) == ["incoming active; outgoing active; as of 10:00 UTC", "4711; as of 10:00 UTC"]
    out = said(
        number_incoming="major_outage",
        number_incoming_alternate="+918047180101",
        number_incoming_checked_at="2026-11-30T09:50:00+00:00",
        number_call_flow="none",
    )
    bad = replace(NUMBER, observed={**active, **out})
    assert (calls(bad, NOW), number_warnings(bad, NOW), state(bad, NOW)) == (
        *("incoming out", ("outage", "no flow"), "outage, no flow, primary"),
    )
    assert lines(bad) == [
        "incoming major outage, use +91 80 4718 0101; outgoing active; as of 10:00 UTC; "
        "Exotel looked 2026-11-30 09:50 UTC",
        "none: callers hear nothing; as of 10:00 UTC",
    ]
    assert calls(replace(bad, observed={**bad.observed, **said(number_outgoing="major_outage")}), NOW) == "both out"
    assert calls(replace(bad, observed=said(number_incoming="minor_trouble")), NOW) == "minor trouble"
    # One that was given back while it was out is asked for no more.
    assert number_warnings(bad, NOW + 8 * DAY) == ("no flow",)
    assert calls(bad, NOW + 8 * DAY) == "major outage, 8 d ago"
    # Of what is switched off, and of what nobody calls, this is no news.
    assert number_warnings(replace(bad, is_active=False)) == ()
    assert number_warnings(replace(well, can_call=False, observed=said(number_call_flow="none"))) == ()


def test_many_numbers_that_go_out_at_once_are_one_sentence() -> None:
    assert (
        change_sentence("Exotel phone", "number_outage", "", "6 numbers") == "Exotel phone: calls of 6 numbers are out"
    )
    assert change_sentence("Exotel phone", "number_recovered", "", "6 numbers") == (
        "Exotel phone: calls of 6 numbers work again"
    )
