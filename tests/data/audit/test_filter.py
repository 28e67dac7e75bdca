"""The filter language: what a line means, what is wrong with one, and that writing it out loses nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.drawn import drawn
from tui.data.audit.filter import AuditFilter, command_words, join_words, parse_filter
from tui.data.audit.qualifiers import Term
from tui.data.audit.quoting import quoted
from tui.errors import FilterError

NOW = datetime(2026, 3, 11, 20, 15, 30, tzinfo=UTC)


def parse(text: str) -> AuditFilter:
    return parse_filter(text, now=NOW)


def test_qualifiers_words_and_phrases_become_terms() -> None:
    line = 'action:a,b -status:success user:"Asha Rao" ip:10.1.2.3/8 details.after.is_active:true limit "two words"'
    assert parse(line).terms == (
        Term("action", ("a", "b")),
        Term("status", ("success",), negated=True),
        Term("user", ("Asha Rao",)),
        Term("ip", ("10.0.0.0/8",)),
        Term("details", ("true",), path=("after", "is_active")),
        Term("text", ("limit",)),
        Term("text", ("two words",)),
    )


def test_hours_and_days_are_written_out_with_their_zone() -> None:
    written = parse_filter("hour:9,20-8:30 -day:wed,fri-mon,weekend", zone=ZoneInfo("Asia/Kolkata")).canonical()
    zone = "@Asia/Kolkata"
    assert written == f"hour:09{zone},20-08:30{zone} -day:wed{zone},fri-mon{zone},sat-sun{zone}"
    assert parse(written).canonical() == written


def test_an_empty_line_is_everything() -> None:
    assert parse("  ") == AuditFilter()


def test_until_a_day_means_to_its_end_and_a_negated_bound_is_the_other_one() -> None:
    day = parse("since:2026-01-01 until:2026-01-31")
    assert (day.since, day.until) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    assert parse("-since:2026-01-01").until == datetime(2026, 1, 1, tzinfo=UTC)
    assert parse("-until:2026-01-31").since == datetime(2026, 2, 1, tzinfo=UTC)
    assert parse("since:2d since:1h until:1h until:2h").since == NOW - timedelta(hours=1)
    assert parse("since:2d since:1h until:1h until:2h").until == NOW - timedelta(hours=2)


@pytest.mark.parametrize("line", ["since:this month", 'since:"this month"', "SINCE:This_Month"])
def test_a_phrase_for_a_time_needs_no_quotes(line: str) -> None:
    assert parse(line) == AuditFilter(since=datetime(2026, 3, 1, tzinfo=UTC))


def test_a_clock_after_a_date_belongs_to_it() -> None:
    assert parse("since:2026-01-31 10:30 x") == AuditFilter(
        (Term("text", ("x",)),), datetime(2026, 1, 31, 10, 30, tzinfo=UTC)
    )
    assert parse("since:2026-01-31 x").terms == (Term("text", ("x",)),)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("since:aug 2025 x", ["x"]),
        ("since:31 Aug 2025 10:30 x", ["x"]),
        ("since:aug 31, 2025 2024", ["2024"]),
        ("since:Aug 31st 10:30", []),
        ("since:august 429", ["429"]),
        ("since:aug 2025 31", ["31"]),
        ("since:2025 may", ["may"]),
        ("since:31.8.2025 10:30 aug", ["aug"]),
    ],
)
def test_a_month_is_written_without_quotes_and_takes_no_other_word(line: str, words: list[str]) -> None:
    parsed = parse(line)
    assert [term.values[0] for term in parsed.terms] == words
    assert parsed.since is not None and parsed.since.year == 2025 and parsed.since.month in (1, 8)


def test_keys_of_details_may_hold_dots_and_values_anything() -> None:
    assert parse(r'details."a.b".c:"x, \"y\" \\z"').terms == (Term("details", ('x, "y" \\z',), path=("a.b", "c")),)


def test_text_with_a_colon_that_is_no_qualifier_is_text() -> None:
    words = ["http://x.example/y", "10:30", '"acton:x"', "2001:db8::1"]
    assert [term.name for term in parse(" ".join(words)).terms] == ["text"] * 4


@pytest.mark.parametrize(
    ("line", "word", "sentence", "what_to_do"),
    [
        ("status:failed acton:x", "acton:", "no qualifier acton:", "Did you mean action:?"),
        ("x -sttaus:failed y", "-sttaus:"[1:], "no qualifier", "Did you mean status:?"),
        ("qqq:1", "qqq:", "no qualifier", "Qualifiers are action, status"),
        ("detail.code:1", "detail:", "no qualifier detail:", "details.KEY"),
        ("since:yesterdy", "since:yesterdy", "not a time", 'Did you mean "yesterday"?'),
        ("a until:2026-02-30 b", "until:2026-02-30", "not a time", "Use 2026-01-31"),
        ("x since:03/04/2026", "since:03/04/2026", "3 April 2026 or 4 March 2026", "Which one? Write 2026-04-03"),
        ("since:1d,2d", "since:1d,2d", "one time only", "Leave out"),
        ("x ip:10.0.0.300", "ip:10.0.0.300", "neither an address nor a network", "ip:10.0.0.0/8"),
        ("ip:fe80::1%eth0", "ip:fe80::1%eth0", "neither an address", "ip:10"),
        ("x hour:25", "hour:25", "not an hour of the day", "Write hour:9"),
        ("hour:8pm-6:30am", "hour:8pm-6:30am", "not an hour of the day", "write hour:20-06:30"),
        ("hour:8@", "hour:8@", "not an hour", "Nothing is not a time zone"),
        ("hour:8-08", "hour:8-08", "not an hour", "begin and end at the same time"),
        ("hour:9@Nowhere", "hour:9@Nowhere", "not an hour", "Nowhere is not a time zone"),
        ("day:s", "day:s", "not a day of the week", "day:saturday or day:sunday"),
        ("day:sat,saterday", "day:sat,saterday", "not a day of the week", "Did you mean day:saturday?"),
        ("day:2026-01-31", "day:2026-01-31", "not a day of the week", "since:2026-01-31"),
        ("operation:7", "operation:7", "not the id", "Write it whole"),
        ("has:befor", "has:befor", "not a part of the details", "Did you mean has:before?"),
        ("action: x", "action:", "value of action: is missing", "action:a,b"),
        ("action:a, x", "action:a,", "missing", "action:a,b"),
        ("details:x", "details:x", "a key and a value", "details.error_code:429"),
        ("details.x", "details.x", "a key and a value", "details.error_code:429"),
        ('x "open', '"open', "not closed", 'Put a "'),
        ('action:"a"b', 'action:"a"b', "no space", "space or a comma"),
        ('action:a"b', 'action:a"b', "in the middle", "between quotes"),
        ("x - y", "-", "nothing to look for", "Put a word"),
        ('""', '""', "nothing to look for", "Put a word"),
    ],
)
def test_an_error_points_at_the_word_and_says_what_to_do(line: str, word: str, sentence: str, what_to_do: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(line)
    error = caught.value
    pointed_at = error.text[error.offset : error.offset + error.length]
    assert pointed_at.lstrip("-").startswith(word[:6].lstrip("-")) and error.length <= len(word) + 1
    assert sentence in error.sentence and what_to_do in error.what_to_do
    assert error.exit_status == 2


def test_a_filter_without_end_is_refused() -> None:
    for line in ("x" * 300_000, "x " * 60):
        with pytest.raises(FilterError):
            parse(line)


def test_the_shells_words_become_the_line_that_was_typed() -> None:
    # switchboard audit list since:"this month" -user:"Asha Rao" "Rate limit" action:a
    typed = ["since:this month", "-user:Asha Rao", "Rate limit", "action:a"]
    assert join_words(typed) == 'since:"this month" -user:"Asha Rao" "Rate limit" action:a'
    assert join_words(["action:a status:failed"]) == "action:a status:failed"
    assert join_words(['"a b" c']) == '"a b" c'
    assert parse(join_words(["details.after.name:two words"])).terms == (
        Term("details", ("two words",), path=("after", "name")),
    )


VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
NAMED = st.builds(
    Term,
    st.sampled_from(["action", "status", "type", "user", "org"]),
    st.lists(VALUES, min_size=1, max_size=3, unique=True).map(tuple),
    st.booleans(),
)
DETAILS = st.builds(
    lambda path, values, negated: Term("details", tuple(values), negated, tuple(path)),
    st.lists(VALUES, min_size=1, max_size=3),
    st.lists(VALUES, min_size=1, max_size=3, unique=True),
    st.booleans(),
)
ADDRESSES = st.builds(
    lambda address, negated: Term("ip", (str(address),), negated),
    st.one_of(st.ip_addresses(), st.ip_addresses(v=4).map(lambda address: f"{address}/32")),
    st.booleans(),
)
WORDS = st.builds(lambda value, negated: Term("text", (value,), negated), VALUES, st.booleans())
TIMES = st.none() | st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))
FILTERS = st.builds(
    lambda terms, since, until: AuditFilter(tuple(terms), since, until),
    st.lists(st.one_of(NAMED, DETAILS, ADDRESSES, WORDS), max_size=5),
    TIMES,
    TIMES,
)


@drawn(30, 1_000, audit_filter=FILTERS)
def test_a_filter_written_out_means_the_same_at_any_time(audit_filter: AuditFilter) -> None:
    assert parse_filter(audit_filter.canonical(), now=NOW) == audit_filter


@given(st.text(st.sampled_from('ab:.,"\\- \t\n-action:since:details.x:ip:10.0.0.0/8'), max_size=40))
def test_any_line_is_a_filter_or_an_error_that_points_into_it(line: str) -> None:
    try:
        audit_filter = parse(line)
    except FilterError as error:
        assert 0 <= error.offset < len(line) and error.length >= 1
    else:
        assert parse_filter(audit_filter.canonical(), now=NOW) == audit_filter
        assert parse(join_words(command_words(line))) == audit_filter


@given(VALUES)
def test_a_quoted_value_is_read_as_it_was(value: str) -> None:
    assert parse(f"action:{quoted(value)}").terms == (Term("action", (value,)),)
