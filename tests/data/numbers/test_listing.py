"""Reading phone numbers: lists by filters, and whose number it is, in whatever notation it is stored or asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.support.acme import ACME, ASHA, GLOBEX, opened
from tests.support.commands import contents, execute
from tests.support.database.number_rows import (
    BANGALORE,
    DELHI,
    OLD,
    RAVI,
    add_integration,
    add_row,
    create_people,
)
from tui.data.numbers.listing import (
    AmbiguousNumber,
    NumberFilter,
    NumberRights,
    find_phone_numbers,
    list_phone_numbers,
    read_number_rights,
    resolve_phone_number,
)
from tui.errors import InvalidInput, NotFound, PermissionDenied

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer

NOTATIONS = [
    *(OLD, DELHI, "011-4116 9368", "(011) 4116.9368", "0091 11 4116 9368", "911141169368", "1141169368"),
    *("+91\u00a011\u20114116\u20119368", "+٩١١١٤١١٦٩٣٦٨", "０１１４１１６９３６８", " 01141169368 "),
]


async def found_texts(conninfo: str, text: str, **options: Any) -> list[str]:
    async with opened(conninfo) as database:
        return [number.phone_number for number in (await find_phone_numbers(database, text, **options)).numbers]


async def test_a_row_has_its_columns_what_it_means_and_whose_it_is(installed_database: str) -> None:
    create_people(installed_database)
    integration = add_integration(installed_database)
    row_id = add_row(
        installed_database, OLD, integration_id=integration.id, display_name="Desk", assigned_to_user_id=RAVI
    )
    async with opened(installed_database) as database:
        (number,) = await list_phone_numbers(database, ACME)
    assert (number.id, number.phone_number, number.e164, number.display_name) == (row_id, OLD, DELHI, "Desk")
    assert (number.can_call, number.can_sms, number.is_active, number.is_primary) == (True, True, True, False)
    assert number.assignee is not None
    assert (number.assignee.email, number.integration_type, number.organization_name) == (
        *("ravi@acme.example", "exotel_phone", "Acme Foods"),
    )


async def test_each_filter_leaves_out_what_it_says(installed_database: str) -> None:
    create_people(installed_database)
    rows: dict[str, dict[str, Any]] = {
        "primary": {"is_primary": True, "number_type": "virtual"},
        "asha": {"assigned_to_user_id": ASHA, "number_type": "local"},
        "no call": {"can_call": False, "number_type": None},
        "null sms": {"can_sms": None, "number_type": "toll-free"},
        "off": {"is_active": False},
        "null active": {"is_active": None},
    }
    for place, (name, columns) in enumerate(rows.items()):
        add_row(installed_database, f"0804000000{place}", display_name=name, **columns)
    add_row(installed_database, OLD, organization_id=GLOBEX, display_name="elsewhere")
    everything = set(rows)
    expected: list[tuple[NumberFilter, set[str]]] = [
        (NumberFilter(), everything),
        (NumberFilter(assigned_to=ASHA), {"asha"}),
        (NumberFilter(pool=True), everything - {"asha"}),
        (NumberFilter(pool=False), {"asha"}),
        (NumberFilter(number_type="local"), {"asha"}),
        (NumberFilter(can_call=True), everything - {"no call"}),
        (NumberFilter(can_call=False), {"no call"}),
        (NumberFilter(can_sms=True), everything - {"null sms"}),
        (NumberFilter(can_sms=False), {"null sms"}),
        (NumberFilter(active=True), everything - {"off", "null active"}),
        (NumberFilter(active=False), {"off", "null active"}),
        (NumberFilter(primary=True), {"primary"}),
        (NumberFilter(pool=True, active=True, can_call=True), {"primary", "null sms"}),
    ]
    async with opened(installed_database) as database:
        for number_filter, names in expected:
            displayed = {number.display_name for number in await list_phone_numbers(database, ACME, number_filter)}
            assert displayed == names, number_filter
        in_order = [number.display_name for number in await list_phone_numbers(database, ACME)]
        assert len(await list_phone_numbers(database, None)) == len(rows) + 1
    assert in_order[0] == "primary"
    assert set(in_order[-2:]) == {"off", "null active"}


async def test_whatever_the_notation_of_the_row_any_notation_finds_it(installed_database: str) -> None:
    add_row(installed_database, "01141169369")
    add_row(installed_database, "08041169368")
    async with opened(installed_database) as database:
        for stored in NOTATIONS:
            row_id = add_row(installed_database, stored)
            for notation in NOTATIONS:
                matches = await find_phone_numbers(database, notation)
                found = [number.phone_number for number in matches.numbers]
                assert (found, matches.exact) == ([stored], True), ascii((stored, notation))
            execute(installed_database, "delete from organization_phone_numbers where id = %s", row_id)


async def test_every_organisation_is_searched_and_each_hit_says_which_and_whose(installed_database: str) -> None:
    create_people(installed_database)
    add_row(installed_database, OLD, assigned_to_user_id=RAVI)
    add_row(installed_database, DELHI, organization_id=GLOBEX, is_active=False)
    async with opened(installed_database) as database:
        numbers = (await find_phone_numbers(database, "011-4116 9368")).numbers
        assert [(number.organization_name, number.assignee and number.assignee.name) for number in numbers] == [
            *(("Acme Foods", "Ravi Kumar"), ("Globex", None)),
        ]
        only = await find_phone_numbers(database, "011-4116 9368", GLOBEX)
        assert [number.phone_number for number in only.numbers] == [DELHI]
        active = await find_phone_numbers(database, "011-4116 9368", number_filter=NumberFilter(active=True))
        assert [number.phone_number for number in active.numbers] == [OLD]


async def test_some_of_the_digits_find_it_too_and_what_is_no_part_of_a_number_is_refused(
    installed_database: str,
) -> None:
    for text in (OLD, "08033755555", "AD-EXOTEL "):
        add_row(installed_database, text)
    before = contents(installed_database)
    for part in ("9368", "6 9368", "69-368", "4116 9368", "1141169", "+91 11 4116", "011-4116"):
        assert await found_texts(installed_database, part) == [OLD], part
    # A stored text that is no number is found by itself.
    assert await found_texts(installed_database, "AD-EXOTEL") == ["AD-EXOTEL "]
    for text in ("", "368", "Ravi", "Ravi 9368", "011"):
        with pytest.raises(InvalidInput) as caught:
            await found_texts(installed_database, text)
        assert "last four digits" in caught.value.what_to_do, text
    # Reading writes nothing.
    assert contents(installed_database) == before
    # Numbers that end with the digits come before those that hold them.
    add_row(installed_database, "+919368000001")
    assert await found_texts(installed_database, "9368") == [OLD, "+919368000001"]


async def test_an_act_means_one_row_of_its_own_organisation(installed_database: str) -> None:
    create_people(installed_database)
    row_id = add_row(installed_database, OLD)
    add_row(installed_database, BANGALORE, organization_id=GLOBEX)
    async with opened(installed_database) as database:
        for text in ("011-4116 9368", str(row_id)):
            assert (await resolve_phone_number(database, ACME, text)).id == row_id
        for text, words in ((BANGALORE, "a number of Globex"), ("9368", "+91 11 4116 9368"), (str(uuid4()), "list")):
            with pytest.raises(NotFound) as caught:
                await resolve_phone_number(database, ACME, text)
            assert words in caught.value.what_to_do


async def test_a_number_that_is_stored_twice_is_ambiguous_and_its_rows_are_named(installed_database: str) -> None:
    ids = {add_row(installed_database, OLD), add_row(installed_database, DELHI)}
    async with opened(installed_database) as database:
        with pytest.raises(AmbiguousNumber) as caught:
            await resolve_phone_number(database, ACME, "011 4116 9368")
        assert {candidate.id for candidate in caught.value.candidates} == ids
        for row_id in ids:
            assert str(row_id) in caught.value.what_to_do
            assert (await resolve_phone_number(database, ACME, str(row_id))).id == row_id


async def test_a_role_that_may_not_read_integrations_still_finds_numbers(
    installed_database: str, postgres: TestServer
) -> None:
    integration = add_integration(installed_database)
    add_row(installed_database, OLD, integration_id=integration.id)
    postgres.create_role("desk", "login bypassrls")
    execute(installed_database, "grant usage on schema public, switchboard to desk")
    execute(installed_database, "grant select on switchboard.visible_people, switchboard.visible_organizations to desk")
    execute(installed_database, "grant execute on function switchboard.scope() to desk")
    as_desk = installed_database.replace("postgres@", "desk@")
    async with opened(as_desk) as database:
        assert await read_number_rights(database) == NumberRights()
        with pytest.raises(PermissionDenied) as caught:
            await list_phone_numbers(database, ACME)
        assert "organization_phone_numbers" in caught.value.sentence
    execute(installed_database, "grant select on organization_phone_numbers to desk")
    async with opened(as_desk) as database:
        (number,) = (await find_phone_numbers(database, "9368")).numbers
        assert (number.phone_number, number.integration_type) == (OLD, None)
        assert await read_number_rights(database) == NumberRights(view=True)
