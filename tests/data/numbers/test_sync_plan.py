"""What a sync would do: rows and listed numbers matched by what they mean, and nothing touched that is not its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.acme import ACME
from tests.support.database.number_rows import BANGALORE, DELHI, OLD, RAVI
from tui.data.numbers.sync_plan import plan_of
from tui.models import Integration, ListedNumber, PhoneNumber
from tui.words.phone_number import e164

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.data.numbers.sync_plan import SyncPlan

PHONE = Integration(uuid4(), ACME, "exotel_phone", is_active=True)
SMS = uuid4()


def row(text: str, **columns: Any) -> PhoneNumber:
    values: dict[str, Any] = {
        **{"id": uuid4(), "organization_id": ACME, "integration_id": PHONE.id, "display_name": "Desk"},
        **{"number_type": "local", "assigned_to_user_id": None, "is_primary": False, "can_call": True},
        **{"can_sms": True, "is_active": True, "created_at": None, "updated_at": None, "e164": e164(text)},
    }
    return PhoneNumber(phone_number=text, **values | columns)


def listed(number: str, name: str | None = None, *, call: bool = True, sms: bool = True) -> ListedNumber:
    return ListedNumber(number, name, call, sms)


def plan(rows: Sequence[PhoneNumber], numbers: Sequence[ListedNumber], line: str | None = None) -> SyncPlan:
    return plan_of(rows, PHONE, numbers, line=line, operation_id=UUID(int=1))


def changes(made: SyncPlan) -> list[tuple[str, dict[str, tuple[Any, Any]]]]:
    return [
        (number.number.phone_number, {change.name: (change.before, change.after) for change in number.changes})
        for number in made.changed
    ]


def test_an_old_row_is_the_listed_number_and_is_left_as_it_is() -> None:
    made = plan([row(OLD)], [listed(DELHI, OLD)])
    assert ([number.phone_number for number in made.same], made.writes) == ([OLD], False)
    assert made.sentence() == "0 new, 0 changed, 1 the same, 0 no longer listed"


def test_a_new_number_has_its_type_from_the_number_and_the_rest_from_the_provider() -> None:
    made = plan([], [listed(DELHI, "Night line", sms=False), listed("+9118001234567"), listed("+919513886363")])
    assert [
        (number.phone_number, number.display_name, number.number_type, number.can_call, number.can_sms)
        for number in made.new
    ] == [
        (DELHI, "Night line", "local", True, False),
        ("+9118001234567", None, "toll-free", True, True),
        ("+919513886363", None, "virtual", True, True),
    ]


def test_the_provider_decides_what_a_number_can_do_and_only_fills_in_name_and_type() -> None:
    rows = [row(OLD, display_name=" ", number_type=None), row(BANGALORE, number_type="virtual", can_sms=False)]
    made = plan(rows, [listed(DELHI, "Night", sms=False), listed(BANGALORE, "Other", call=False)])
    assert changes(made) == [
        (OLD, {"display_name": (" ", "Night"), "number_type": (None, "local"), "can_sms": (True, False)}),
        (BANGALORE, {"can_call": (True, False), "can_sms": (False, True)}),
    ]


@pytest.mark.parametrize("name", [None, "", " ", OLD, "+91 11 4116 9368", "\0\x1b"])
def test_a_name_that_says_nothing_is_not_taken_over(name: str | None) -> None:
    assert plan([], [listed(DELHI, name)]).new[0].display_name is None
    assert not plan([row(OLD, display_name=None)], [listed(DELHI, name)]).writes


def test_a_name_is_cut_to_what_fits_and_loses_what_cannot_be_stored() -> None:
    name = plan([], [listed(DELHI, "a\0b\ud800" + "x" * 200)]).new[0].display_name
    assert name == "ab" + "x" * 98


def test_what_is_listed_no_more_goes_and_what_is_listed_again_comes_back() -> None:
    gone, back, long_gone = row(OLD), row(BANGALORE, is_active=False), row("08040000000", is_active=False)
    made = plan([gone, back, long_gone], [listed(BANGALORE)])
    assert made.unlisted == (gone,)
    assert changes(made) == [(BANGALORE, {"is_active": (False, True)})]


def test_rows_that_are_not_this_integrations_are_left_and_named_with_the_reason() -> None:
    by_hand, other = row(OLD, integration_id=None), row(BANGALORE, integration_id=SMS, integration_type="exotel_sms")
    no_number, own = row("AD-ACME"), row("08040000000")
    made = plan([by_hand, other, no_number, own], [])
    assert made.unlisted == (own,)
    assert [(number.number, number.reason) for number in made.untouched] == [
        (by_hand, "it was added by hand"),
        (other, "it belongs to exotel_sms"),
        (no_number, "its text is no phone number, so it cannot be looked for"),
    ]


def test_a_row_that_was_added_by_hand_is_matched_and_stays_by_hand() -> None:
    made = plan([row(OLD, integration_id=None)], [listed(DELHI, sms=False)])
    assert changes(made) == [(OLD, {"can_sms": (True, False)})]


def test_several_rows_of_one_number_are_all_matched_and_reported() -> None:
    rows = [row(OLD), row(DELHI), row(BANGALORE)]
    made = plan(rows, [listed(DELHI, sms=False), listed(BANGALORE)])
    assert [text for text, _ in changes(made)] == [OLD, DELHI]
    assert made.duplicates == ((rows[0], rows[1]),)
    assert (made.unlisted, made.new) == ((), ())


def test_of_several_switched_off_rows_of_one_number_one_comes_back_the_one_that_is_somebodys() -> None:
    rows = [row(DELHI, is_active=False), row(OLD, is_active=False, assigned_to_user_id=RAVI)]
    assert changes(plan(rows, [listed(DELHI)])) == [(OLD, {"is_active": (False, True)})]
    rows = [row(DELHI), row(OLD, is_active=False)]
    assert changes(plan(rows, [listed(DELHI)])) == []


def test_a_number_that_is_listed_twice_or_is_no_number_makes_no_second_row() -> None:
    made = plan([row("AD-ACME")], [listed(DELHI), listed("011 4116 9368"), listed("EXOTEL"), listed("AD-ACME")])
    assert [number.phone_number for number in made.new] == [DELHI]
    assert (made.unusable, made.unlisted, made.synced) == (("EXOTEL",), (), 2)


def test_without_a_primary_number_the_credentials_own_becomes_it_where_it_is_listed() -> None:
    old = row(OLD)
    made = plan([old], [listed(DELHI), listed(BANGALORE)], line=OLD)
    assert changes(made) == [(OLD, {"is_primary": (False, True)})]
    assert (made.primary, made.without_primary) == (DELHI, False)
    made = plan([], [listed(DELHI), listed(BANGALORE)], line=OLD)
    assert [(number.phone_number, number.is_primary) for number in made.new] == [(DELHI, True), (BANGALORE, False)]
    for line in (None, "08040000000", "EXOTEL"):
        made = plan([old], [listed(DELHI)], line=line)
        assert (made.primary, made.without_primary, made.writes) == (None, True, False)


def test_a_primary_number_stays_unless_it_is_gone() -> None:
    other = row("08040000000", is_primary=True)
    made = plan([other, row(OLD)], [listed(DELHI), listed("+918040000000")], line=OLD)
    assert (made.primary, made.without_primary, made.writes) == (None, False, False)
    made = plan([other, row(OLD)], [listed(DELHI)], line=OLD)
    assert (made.unlisted, made.primary) == ((other,), DELHI)
    assert changes(made) == [(OLD, {"is_primary": (False, True)})]
    assert plan([other], [listed(BANGALORE)], line=OLD).without_primary


@pytest.mark.parametrize(
    ("rows", "numbers", "every"),
    [
        ([row(OLD)], [], True),
        ([row(OLD), row(BANGALORE, is_active=False)], [], True),
        # Another account's numbers look like this.
        ([row(OLD)], [listed("+918040000000")], True),
        ([row(OLD), row(BANGALORE)], [listed(DELHI)], False),
        ([row(OLD), row(BANGALORE, integration_id=None)], [], True),
        ([row(BANGALORE, integration_id=None)], [], False),
        ([], [], False),
    ],
)
def test_a_plan_that_leaves_the_integration_without_a_number_says_so(
    rows: list[PhoneNumber], numbers: list[ListedNumber], every: bool
) -> None:
    assert plan(rows, numbers).deactivates_all is every


NUMBERS = st.integers(0, 5).map(lambda n: f"+91803370000{n}")
TEXTS = st.one_of(NUMBERS, NUMBERS.map(lambda text: "0" + text[3:]), st.sampled_from(["EXOTEL", "+91XXXX"]))
ROWS = st.lists(
    st.builds(
        lambda text, active, own, primary: row(
            text, is_active=active, integration_id=PHONE.id if own else None, is_primary=primary
        ),
        TEXTS,
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=8,
)


@given(ROWS, st.lists(st.builds(listed, TEXTS), max_size=8), st.one_of(st.none(), TEXTS))
def test_every_row_has_one_place_in_the_plan_and_nothing_is_added_that_is_there(
    rows: list[PhoneNumber], numbers: list[ListedNumber], line: str | None
) -> None:
    made = plan(rows, numbers, line)
    placed = [
        *(number.id for number in (*made.same, *made.unlisted)),
        *(one.number.id for one in (*made.changed, *made.untouched)),
    ]
    off = {number.id for number in rows if not number.is_active}
    assert len(placed) == len(set(placed))
    assert {number.id for number in rows} - off <= set(placed)
    assert not {number.e164 for number in rows} & {number.phone_number for number in made.new}
    assert len({number.phone_number for number in made.new}) == len(made.new)
    assert all(number.integration_id == PHONE.id for number in made.unlisted)
    becoming = [number for number in made.new if number.is_primary] + [
        number for number in made.changed for change in number.changes if change.name == "is_primary"
    ]
    assert len(becoming) == (made.primary is not None)
