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
from tui.models.integrations import Integration
from tui.models.numbers import ListedNumber, PhoneNumber
from tui.words.numbers.phone_number import e164

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


def entry(number: str, name: str | None = None, *, call: bool = True, sms: bool = True) -> ListedNumber:
    return ListedNumber(number, name, call, sms)


def plan_for(rows: Sequence[PhoneNumber], numbers: Sequence[ListedNumber], line: str | None = None) -> SyncPlan:
    return plan_of(rows, PHONE, numbers, line=line, operation_id=UUID(int=1))


def changes(plan: SyncPlan) -> list[tuple[str, dict[str, tuple[Any, Any]]]]:
    return [
        (number.number.phone_number, {change.name: (change.before, change.after) for change in number.changes})
        for number in plan.changed
    ]


def test_an_old_row_is_the_listed_number_and_is_left_as_it_is() -> None:
    plan = plan_for([row(OLD)], [entry(DELHI, OLD)])
    assert ([number.phone_number for number in plan.same], plan.writes) == ([OLD], False)
    assert plan.sentence() == "0 new, 0 changed, 1 the same, 0 no longer listed"


def test_a_new_number_has_its_type_from_the_number_and_the_rest_from_the_provider() -> None:
    plan = plan_for([], [entry(DELHI, "Night line", sms=False), entry("+9118001234567"), entry("+919513886363")])
    assert [
        (number.phone_number, number.display_name, number.number_type, number.can_call, number.can_sms)
        for number in plan.new
    ] == [
        (DELHI, "Night line", "local", True, False),
        ("+9118001234567", None, "toll-free", True, True),
        ("+919513886363", None, "virtual", True, True),
    ]


def test_the_provider_decides_what_a_number_can_do_and_only_fills_in_name_and_type() -> None:
    rows = [row(OLD, display_name=" ", number_type=None), row(BANGALORE, number_type="virtual", can_sms=False)]
    plan = plan_for(rows, [entry(DELHI, "Night", sms=False), entry(BANGALORE, "Other", call=False)])
    assert changes(plan) == [
        (OLD, {"display_name": (" ", "Night"), "number_type": (None, "local"), "can_sms": (True, False)}),
        (BANGALORE, {"can_call": (True, False), "can_sms": (False, True)}),
    ]


@pytest.mark.parametrize("name", [None, "", " ", OLD, "+91 11 4116 9368", "\0\x1b"])
def test_a_name_that_says_nothing_is_not_taken_over(name: str | None) -> None:
    assert plan_for([], [entry(DELHI, name)]).new[0].display_name is None
    assert not plan_for([row(OLD, display_name=None)], [entry(DELHI, name)]).writes


def test_a_name_is_cut_to_what_fits_and_loses_what_cannot_be_stored() -> None:
    name = plan_for([], [entry(DELHI, "a\0b\ud800" + "x" * 200)]).new[0].display_name
    assert name == "ab" + "x" * 98


def test_what_is_listed_no_more_goes_and_what_is_listed_again_comes_back() -> None:
    unlisted, relisted, unlisted_before = row(OLD), row(BANGALORE, is_active=False), row("08040000000", is_active=False)
    plan = plan_for([unlisted, relisted, unlisted_before], [entry(BANGALORE)])
    assert plan.unlisted == (unlisted,)
    assert changes(plan) == [(BANGALORE, {"is_active": (False, True)})]


def test_rows_that_are_not_this_integrations_are_left_and_named_with_the_reason() -> None:
    by_hand, other = row(OLD, integration_id=None), row(BANGALORE, integration_id=SMS, integration_type="exotel_sms")
    no_number, own = row("AD-ACME"), row("08040000000")
    plan = plan_for([by_hand, other, no_number, own], [])
    assert plan.unlisted == (own,)
    assert [(number.number, number.reason) for number in plan.untouched] == [
        (by_hand, "it was added by hand"),
        (other, "it belongs to exotel_sms"),
        (no_number, "its text is not a phone number, so it cannot be compared"),
    ]


def test_a_row_that_was_added_by_hand_is_matched_and_stays_by_hand() -> None:
    plan = plan_for([row(OLD, integration_id=None)], [entry(DELHI, sms=False)])
    assert changes(plan) == [(OLD, {"can_sms": (True, False)})]


def test_several_rows_of_one_number_are_all_matched_and_reported() -> None:
    rows = [row(OLD), row(DELHI), row(BANGALORE)]
    plan = plan_for(rows, [entry(DELHI, sms=False), entry(BANGALORE)])
    assert [text for text, _ in changes(plan)] == [OLD, DELHI]
    assert plan.duplicates == ((rows[0], rows[1]),)
    assert (plan.unlisted, plan.new) == ((), ())


def test_of_several_switched_off_rows_of_one_number_one_comes_back_the_one_that_is_somebodys() -> None:
    rows = [row(DELHI, is_active=False), row(OLD, is_active=False, assigned_to_user_id=RAVI)]
    assert changes(plan_for(rows, [entry(DELHI)])) == [(OLD, {"is_active": (False, True)})]
    rows = [row(DELHI), row(OLD, is_active=False)]
    assert changes(plan_for(rows, [entry(DELHI)])) == []


def test_a_number_that_is_listed_twice_or_is_no_number_makes_no_second_row() -> None:
    plan = plan_for([row("AD-ACME")], [entry(DELHI), entry("011 4116 9368"), entry("EXOTEL"), entry("AD-ACME")])
    assert [number.phone_number for number in plan.new] == [DELHI]
    assert (plan.unusable, plan.unlisted, plan.synced) == (("EXOTEL",), (), 2)


def test_without_a_primary_number_the_credentials_own_becomes_it_where_it_is_listed() -> None:
    old = row(OLD)
    plan = plan_for([old], [entry(DELHI), entry(BANGALORE)], line=OLD)
    assert changes(plan) == [(OLD, {"is_primary": (False, True)})]
    assert (plan.primary, plan.without_primary) == (DELHI, False)
    plan = plan_for([], [entry(DELHI), entry(BANGALORE)], line=OLD)
    assert [(number.phone_number, number.is_primary) for number in plan.new] == [(DELHI, True), (BANGALORE, False)]
    for line in (None, "08040000000", "EXOTEL"):
        plan = plan_for([old], [entry(DELHI)], line=line)
        assert (plan.primary, plan.without_primary, plan.writes) == (None, True, False)


def test_a_primary_number_stays_unless_it_is_gone() -> None:
    other = row("08040000000", is_primary=True)
    plan = plan_for([other, row(OLD)], [entry(DELHI), entry("+918040000000")], line=OLD)
    assert (plan.primary, plan.without_primary, plan.writes) == (None, False, False)
    plan = plan_for([other, row(OLD)], [entry(DELHI)], line=OLD)
    assert (plan.unlisted, plan.primary) == ((other,), DELHI)
    assert changes(plan) == [(OLD, {"is_primary": (False, True)})]
    assert plan_for([other], [entry(BANGALORE)], line=OLD).without_primary


@pytest.mark.parametrize(
    ("rows", "numbers", "every"),
    [
        ([row(OLD)], [], True),
        ([row(OLD), row(BANGALORE, is_active=False)], [], True),
        # Another account's numbers look like this.
        ([row(OLD)], [entry("+918040000000")], True),
        ([row(OLD), row(BANGALORE)], [entry(DELHI)], False),
        ([row(OLD), row(BANGALORE, integration_id=None)], [], True),
        ([row(BANGALORE, integration_id=None)], [], False),
        ([], [], False),
    ],
)
def test_a_plan_that_leaves_the_integration_without_a_number_says_so(
    rows: list[PhoneNumber], numbers: list[ListedNumber], every: bool
) -> None:
    assert plan_for(rows, numbers).deactivates_all is every


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


@given(ROWS, st.lists(st.builds(entry, TEXTS), max_size=8), st.one_of(st.none(), TEXTS))
def test_every_row_has_one_place_in_the_plan_and_nothing_is_added_that_is_there(
    rows: list[PhoneNumber], numbers: list[ListedNumber], line: str | None
) -> None:
    plan = plan_for(rows, numbers, line)
    placed = [
        *(number.id for number in (*plan.same, *plan.unlisted)),
        *(item.number.id for item in (*plan.changed, *plan.untouched)),
    ]
    off = {number.id for number in rows if not number.is_active}
    assert len(placed) == len(set(placed))
    assert {number.id for number in rows} - off <= set(placed)
    assert not {number.e164 for number in rows} & {number.phone_number for number in plan.new}
    assert len({number.phone_number for number in plan.new}) == len(plan.new)
    assert all(number.integration_id == PHONE.id for number in plan.unlisted)
    becoming = [number for number in plan.new if number.is_primary] + [
        number for number in plan.changed for change in number.changes if change.name == "is_primary"
    ]
    assert len(becoming) == (plan.primary is not None)
