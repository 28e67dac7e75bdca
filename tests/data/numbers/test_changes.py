"""The single acts on a phone number: what each writes, what it refuses, and what the log says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from tests.support.acme import ACME, ASHA, GLOBEX, opened
from tests.support.commands import contents, execute
from tests.support.database.number_rows import (
    BANGALORE,
    DELHI,
    MEENA,
    OLD,
    RAVI,
    add_integration,
    add_row,
    create_people,
    log_rows,
    row_of,
)
from tui.data.directory import find_person
from tui.data.numbers.changes import (
    NumberConflict,
    NumberEdit,
    NumberExists,
    activate_number,
    add_number,
    assign_number,
    deactivate_number,
    edit_number,
    make_primary,
    unassign_number,
)
from tui.errors import InvalidInput, ReadOnlyMode, UnknownPerson
from tui.models.people import Person

CHANGES = ("number_added", "number_updated", "number_assigned", "number_unassigned", "number_deactivated")


def logged_actions(conninfo: str) -> list[str]:
    return [row["action"] for row in log_rows(conninfo, *CHANGES)]


async def test_a_number_is_added_as_e164_with_its_type_and_logged_once(installed_database: str) -> None:
    integration = add_integration(installed_database)
    async with opened(installed_database) as database:
        change = await add_number(
            database, ACME, "080-3375 5555", display_name=" Desk ", can_sms=False, integration=integration
        )
    number = change.number
    assert (number.phone_number, number.display_name, number.number_type) == (BANGALORE, "Desk", "local")
    assert (number.can_call, number.can_sms, number.is_active, number.is_primary) == (True, False, True, False)
    assert (number.integration_id, number.assigned_to_user_id, change.warning) == (integration.id, None, None)
    (row,) = log_rows(installed_database, "number_added")
    assert (row["user_id"], row["details"]["row"]["phone_number"]) == (ASHA, BANGALORE)


async def test_a_number_that_is_there_in_any_notation_is_not_added_again(installed_database: str) -> None:
    add_row(installed_database, DELHI, organization_id=GLOBEX)
    async with opened(installed_database) as database:
        for stored in (DELHI, OLD, "011-4116 9368", "0091 1141169368"):
            row_id = add_row(installed_database, stored, display_name="Old line", is_active=False)
            before = contents(installed_database)
            with pytest.raises(NumberExists) as caught:
                await add_number(database, ACME, "(011) 4116 9368")
            assert stored in caught.value.sentence
            assert "Old line, not active" in caught.value.sentence
            assert [number.id for number in caught.value.existing] == [row_id], stored
            assert contents(installed_database) == before, stored
            execute(installed_database, "delete from organization_phone_numbers where id = %s", row_id)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("12345", {}, "not a phone number"),
    ("EXOTEL", {}, "not a phone number"),
    ("+91XXXXXXXXXX", {}, "not a phone number"),
    ("+910000000000", {}, "not a phone number"),
    (BANGALORE, {"display_name": "x" * 101}, "101 characters, and 100"),
    (BANGALORE, {"display_name": "two\nlines"}, "line break"),
    (BANGALORE, {"display_name": "nul\0"}, "control character"),
    (BANGALORE, {"kind": "mobile"}, "no such type"),
]


async def test_what_cannot_be_is_refused_before_it_is_written(installed_database: str) -> None:
    before = contents(installed_database)
    async with opened(installed_database) as database:
        for text, options, words in REFUSED:
            with pytest.raises(InvalidInput) as caught:
                await add_number(database, ACME, text, **options)
            assert words in caught.value.sentence, (text, options)
    assert contents(installed_database) == before


async def test_a_number_that_no_numbering_plan_knows_is_added_with_a_warning(installed_database: str) -> None:
    async with opened(installed_database) as database:
        change = await add_number(database, ACME, "+915000000000")
    assert change.number.phone_number == "+915000000000"
    assert "not in the numbering plan" in (change.warning or "")


async def test_only_what_differs_is_edited_and_the_stored_text_stays(installed_database: str) -> None:
    row_id = add_row(installed_database, OLD, display_name="Desk", can_sms=None, is_active=False)
    async with opened(installed_database) as database:
        seen = await row_of(database, row_id)
        assert (await edit_number(database, seen, NumberEdit.of(seen))).changed == ()
        change = await edit_number(
            database, seen, NumberEdit(None, "virtual", can_call=False, can_sms=False), activate=True
        )
        assert change.changed == ("display_name", "number_type", "can_call", "is_active")
        again = await edit_number(database, change.number, replace(NumberEdit.of(change.number), can_sms=True))
    number = again.number
    assert (number.phone_number, number.display_name, number.number_type) == (OLD, None, "virtual")
    assert (number.can_call, number.can_sms, number.is_active) == (False, True, True)
    assert logged_actions(installed_database) == ["number_added", "number_updated", "number_updated"]


async def test_a_number_goes_from_the_pool_to_a_person_to_another_and_back(installed_database: str) -> None:
    create_people(installed_database)
    row_id = add_row(installed_database, OLD)
    async with opened(installed_database) as database:
        asha = await find_person(database, "ASHA@acme.example")
        ravi = await find_person(database, str(RAVI))
        first = await assign_number(database, await row_of(database, row_id), asha)
        assert (first.number.assigned_to_user_id, first.changed) == (ASHA, ("assigned_to_user_id",))
        assert (await assign_number(database, first.number, asha)).changed == ()
        second = await assign_number(database, first.number, ravi)
        assert second.number.assignee is not None
        assert (second.number.assignee.name, second.warning) == ("Ravi Kumar", None)
        third = await unassign_number(database, second.number)
        assert (third.number.assigned_to_user_id, third.number.assignee) == (None, None)
        assert (await unassign_number(database, third.number)).changed == ()
    assert logged_actions(installed_database) == [
        "number_added",
        "number_assigned",
        "number_assigned",
        "number_unassigned",
    ]


async def test_only_an_active_number_and_an_active_person_are_brought_together(installed_database: str) -> None:
    stranger = (uuid4(), "guest@globex.example", "Guest", GLOBEX, True)
    create_people(installed_database, stranger)
    off, on = add_row(installed_database, OLD, is_active=False), add_row(installed_database, BANGALORE)
    async with opened(installed_database) as database:
        with pytest.raises(InvalidInput) as caught:
            await assign_number(database, await row_of(database, off), await find_person(database, str(RAVI)))
        assert "+91 11 4116 9368 is not active" in caught.value.sentence
        seen = await row_of(database, on)
        with pytest.raises(InvalidInput) as caught:
            await assign_number(database, seen, await find_person(database, str(MEENA)))
        assert "meena@acme.example is not active" in caught.value.sentence
        # What the caller believes of the person does not count.
        with pytest.raises(InvalidInput):
            await assign_number(database, seen, Person(MEENA, None, None, None, True))
        with pytest.raises(UnknownPerson):
            await assign_number(database, seen, Person(uuid4(), None, None, None, True))
        with pytest.raises(UnknownPerson):
            await find_person(database, str(uuid4()))
        change = await assign_number(database, seen, await find_person(database, "guest@globex.example"))
    assert change.warning == "Guest <guest@globex.example> belongs to another organisation than the number."


async def test_without_a_directory_of_people_any_id_can_have_a_number(installed_database: str) -> None:
    row_id, unknown = add_row(installed_database, OLD), uuid4()
    async with opened(installed_database) as database:
        with pytest.raises(UnknownPerson):
            await find_person(database, "asha@acme.example")
        person = await find_person(database, str(unknown))
        change = await assign_number(database, await row_of(database, row_id), person)
    assert (change.number.assigned_to_user_id, change.number.assignee) == (unknown, None)


async def test_a_deactivated_number_is_kept_with_its_person_and_is_primary_no_more(installed_database: str) -> None:
    create_people(installed_database)
    row_id = add_row(installed_database, OLD, assigned_to_user_id=RAVI, is_primary=True)
    async with opened(installed_database) as database:
        off = await deactivate_number(database, await row_of(database, row_id))
        assert off.changed == ("is_active", "is_primary")
        assert (off.number.is_active, off.number.is_primary, off.number.assigned_to_user_id) == (False, False, RAVI)
        assert (await deactivate_number(database, off.number)).changed == ()
        with pytest.raises(InvalidInput) as caught:
            await make_primary(database, off.number, [])
        assert "is not active, so it cannot be primary" in caught.value.sentence
        on = await activate_number(database, off.number)
        assert (on.number.is_active, on.number.assigned_to_user_id) == (True, RAVI)
    assert logged_actions(installed_database) == ["number_added", "number_deactivated", "number_updated"]


async def test_making_a_number_primary_names_the_one_that_was(installed_database: str) -> None:
    first, second = add_row(installed_database, OLD, is_primary=True), add_row(installed_database, BANGALORE)
    elsewhere = add_row(installed_database, BANGALORE, organization_id=GLOBEX, is_primary=True)
    async with opened(installed_database) as database:
        change = await make_primary(database, await row_of(database, second), [first])
        assert [number.phone_number for number in change.previous] == [OLD]
        assert (change.number.is_primary, change.changed) == (True, ("is_primary",))
        assert (await make_primary(database, change.number, [second])).changed == ()
        back = await make_primary(database, await row_of(database, first), [second])
        assert [number.id for number in back.previous] == [second]
    primaries = execute(installed_database, "select id from organization_phone_numbers where is_primary")
    assert set(primaries) == {(first,), (elsewhere,)}


async def test_in_read_only_mode_every_act_is_refused(installed_database: str) -> None:
    row_id = add_row(installed_database, OLD, is_primary=True, assigned_to_user_id=ASHA)
    before = contents(installed_database)
    async with opened(installed_database, read_only=True) as database:
        seen = await row_of(database, row_id)
        acts = [
            add_number(database, ACME, BANGALORE),
            edit_number(database, seen, NumberEdit("x", None, can_call=True, can_sms=True)),
            assign_number(database, seen, Person(RAVI, None, None, None, True)),
            unassign_number(database, seen),
            deactivate_number(database, seen),
            make_primary(database, replace(seen, is_primary=False), []),
        ]
        for act in acts:
            with pytest.raises((ReadOnlyMode, InvalidInput)) as caught:
                await act
            assert isinstance(caught.value, ReadOnlyMode), caught.value
    assert contents(installed_database) == before


async def test_what_changed_since_it_was_seen_is_left_alone_and_told(installed_database: str) -> None:
    create_people(installed_database)
    row_id = add_row(installed_database, OLD, assigned_to_user_id=RAVI)
    async with opened(installed_database) as database:
        seen = await row_of(database, row_id)
        execute(installed_database, "update organization_phone_numbers set can_sms = false")
        with pytest.raises(NumberConflict) as caught:
            await edit_number(database, seen, replace(NumberEdit.of(seen), can_sms=False))
        assert "+91 11 4116 9368 was changed meanwhile, by the login postgres; none" in caught.value.sentence
        # Neither the name nor who has it is what somebody else changed.
        assert (await edit_number(database, seen, replace(NumberEdit.of(seen), display_name="Desk"))).changed
        free = (await unassign_number(database, seen)).number
        with pytest.raises(NumberConflict) as caught:
            await deactivate_number(database, seen)
        assert "returned to the pool meanwhile, by ~Asha Rao" in caught.value.sentence
        assert caught.value.current == free
        execute(installed_database, "delete from organization_phone_numbers")
        with pytest.raises(NumberConflict) as caught:
            await deactivate_number(database, free)
        assert ("deleted meanwhile" in caught.value.sentence, caught.value.current) == (True, None)
