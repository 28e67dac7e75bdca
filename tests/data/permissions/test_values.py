"""What a permission says: what is implied, how an expiry and a limit are typed, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tui.data.permissions.values import (
    NOTHING,
    Access,
    check,
    normalised,
    parse_expiry,
    parse_limit,
    state_of,
    with_right,
)
from tui.errors import InvalidInput

NOW = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
KOLKATA = ZoneInfo("Asia/Kolkata")


@pytest.mark.parametrize(
    ("staged", "stored", "words"),
    [
        (Access(("send",)), Access(("view", "send")), "send implies view"),
        (Access(("configure",)), Access(("view", "configure")), "configure implies view"),
        (Access(("send", "configure")), Access(("view", "send", "configure")), "send and configure imply view"),
        (Access(("view",), daily_limit=5), Access(("view",), daily_limit=5), ""),
        (Access(daily_limit=5, expires_at=NOW), NOTHING, "Without a right"),
        (NOTHING, NOTHING, ""),
    ],
)
def test_send_and_configure_imply_view_and_no_right_is_no_permission(
    staged: Access, stored: Access, words: str
) -> None:
    access, sentence = normalised(staged)
    assert access == stored
    assert words in sentence
    assert bool(words) is bool(sentence)


def test_giving_a_right_gives_view_and_taking_view_takes_the_others() -> None:
    sends, _ = with_right(NOTHING, "send", given=True)
    assert sends == Access(("view", "send"))
    without, note = with_right(sends, "view", given=False)
    assert without == NOTHING
    assert note == "send was removed with view."
    assert with_right(Access(("view", "send"), daily_limit=3), "send", given=False)[0] == Access(
        ("view",), daily_limit=3
    )


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("never", None),
        (" Never ", None),
        # 20:30 UTC is 02:00 on the 23rd in Kolkata, so that is "today" there.
        ("today", "2026-11-23T23:59:59+05:30"),
        ("30d", "2026-12-23T23:59:59+05:30"),
        ("30 days", "2026-12-23T23:59:59+05:30"),
        ("2w", "2026-12-07T23:59:59+05:30"),
        ("12h", "2026-11-23T14:00:00+05:30"),
        ("tomorrow", "2026-11-24T23:59:59+05:30"),
        ("end of week", "2026-11-29T23:59:59+05:30"),
        ("End of  month", "2026-11-30T23:59:59+05:30"),
        ("end of year", "2026-12-31T23:59:59+05:30"),
        ("2027-02-28", "2027-02-28T23:59:59+05:30"),
        ("2027-02-28 18:00", "2027-02-28T18:00:00+05:30"),
        ("2027-02-28T18:00Z", "2027-02-28T18:00:00+00:00"),
    ],
)
def test_an_expiry_is_the_end_of_a_day_in_the_zone(typed: str, moment: str | None) -> None:
    expiry = parse_expiry(typed, NOW, KOLKATA)
    assert expiry == (moment and datetime.fromisoformat(moment))
    assert expiry is None or expiry.tzinfo is KOLKATA


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            "soon",
            "30",
            "d",
            "30m",
            "1e3d",
            "٣٠d",
            "999999w",
            "100000d",
            "2027-02-30",
            "2027-13-01",
            "20270228",
            "10000-01-01",
        ),
        # What a filter takes, and a slip of the pen makes an expiry of.
        *("2030", "2027-03", "18:30", "this month", "end of hour", "end of day", "2027-03-31T", "yesterday", "now"),
        *("2w ays", "30dd", "9999-12-31 25:00", "\0", "-3d", "end of month 2027", "3 deeks"),
    ],
)
def test_an_expiry_that_is_none_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_expiry(typed, NOW, UTC)
    assert caught.value.sentence == "That expiry is not understood."


@pytest.mark.parametrize("typed", ["2026-11-21", "2026-11-22 20:30", "0h", "1999-01-01"])
def test_an_expiry_in_the_past_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="has passed"):
        parse_expiry(typed, NOW, UTC)


def test_the_end_of_a_month_in_a_leap_year_and_over_the_turn_of_the_year() -> None:
    for month, last in (((2028, 2), 29), ((2026, 12), 31), ((2027, 1), 31)):
        now = datetime(*month, 10, tzinfo=UTC)
        assert parse_expiry("end of month", now, UTC) == datetime(*month, last, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "limit"), [("0", 0), ("100", 100), ("1,000", 1000), (" Unlimited ", None), ("2147483647", 2**31 - 1)]
)
def test_a_limit_is_a_number_or_unlimited(typed: str, limit: int | None) -> None:
    assert parse_limit(typed) == limit


@pytest.mark.parametrize("typed", ["", "-", "1.5", "2147483648", "٣", "many", "0x10", "1 000"])
def test_what_is_no_number_of_sends_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="whole number"):
        parse_limit(typed)


def test_a_negative_limit_is_refused_as_such() -> None:
    with pytest.raises(InvalidInput, match="cannot be negative"):
        parse_limit("-5")


def test_a_monthly_limit_below_the_daily_one_is_refused_unless_it_was_there_already() -> None:
    odd = Access(("view",), daily_limit=10, monthly_limit=5)
    with pytest.raises(InvalidInput, match=r"monthly limit \(5\) is below the daily one \(10\)"):
        check(odd, NOTHING, NOW)
    check(Access(("view", "send"), daily_limit=10, monthly_limit=5), odd, NOW)
    check(Access(("view",), daily_limit=10, monthly_limit=10), odd, NOW)
    with pytest.raises(InvalidInput, match="whole number"):
        check(Access(("view",), daily_limit=-1), NOTHING, NOW)


def test_a_past_expiry_may_stay_but_not_be_set() -> None:
    past = Access(("view",), expires_at=NOW - timedelta(days=1))
    check(Access(("view", "send"), expires_at=past.expires_at), past, NOW)
    with pytest.raises(InvalidInput, match="has passed"):
        check(past, NOTHING, NOW)


def test_the_state_of_a_cell_is_one_word() -> None:
    def state(**ago: float) -> str:
        return state_of(Access(("view",), expires_at=NOW + timedelta(**ago)), NOW)

    assert [state(days=31), state(days=30), state(days=7), state(seconds=1), state(days=0), state(days=-9)] == [
        *("active", "expires within 30 days", "expires within 7 days", "expires within 7 days", "expired", "expired")
    ]
    assert state_of(Access(expires_at=NOW), NOW) == "none"


@pytest.mark.parametrize(
    ("zone", "typed", "moment"),
    [
        # Set back over midnight: that day has its last hour twice.
        ("America/Santiago", "2027-04-03", "2027-04-04T03:59:59+00:00"),
        ("Asia/Beirut", "2026-10-24", "2026-10-24T21:59:59+00:00"),
        # Set forward over midnight: that day has no last hour.
        ("America/Nuuk", "2027-03-27", "2027-03-28T00:59:59+00:00"),
        ("Europe/Berlin", "2027-03-28", "2027-03-28T21:59:59+00:00"),
    ],
)
def test_a_day_ends_once_whatever_its_clocks_do(zone: str, typed: str, moment: str) -> None:
    expiry = parse_expiry(typed, datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo(zone))
    assert expiry is not None
    assert expiry.astimezone(UTC).isoformat() == moment
