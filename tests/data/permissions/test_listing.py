"""Reading permissions: people page by page, filtered and sorted, their cells, and what they have used."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from tests.support.acme import ACME, GLOBEX, opened
from tests.support.commands import execute
from tests.support.database.people import directory_database, fill, give_everybody, integration, person
from tui.data.permissions.listing import (
    PeopleFilter,
    Use,
    count_people,
    grants_of,
    holders_by_id,
    integrations_of,
    people_page,
    use_of,
)
from tui.data.permissions.values import Access, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer
    from tui.data.permissions.listing import Sort
    from tui.data.postgres.database import Database

GONE, STRANGER = UUID(int=0xFF), UUID(int=0xEE)
PERMIT = (
    "insert into public.user_integration_permissions (user_id, integration_id, can_view, can_send, expires_at) "
    "values (%s, %s, true, %s, now() + %s::interval)"
)


@pytest.fixture
def directory(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres, people=7) as conninfo:
        yield conninfo


async def labels_page_by_page(database: Database, filter: PeopleFilter | None = None, sort: Sort = "name") -> list[str]:
    """Everybody, read in pages of two, in both directions, which must agree with each other and with the count."""
    labels, place, more = [], None, True
    while more:
        page = await people_page(database, ACME, filter, sort, place, 2)
        labels += [holder.label for holder in page.people]
        place, more = page.last, page.more
    backwards, place, more = [], None, True
    while more:
        page = await people_page(database, ACME, filter, sort, place, 2, backwards=True)
        backwards = [holder.label for holder in page.people] + backwards
        place, more = page.first, page.more
    assert backwards == labels
    assert await count_people(database, ACME, filter) == len(labels)
    return labels


async def test_everybody_of_the_organisation_comes_once_and_behind_them_who_else_holds_something(
    directory: str,
) -> None:
    with psycopg.connect(directory) as connection:
        fill(connection, people=0, integrations=1, organization=GLOBEX)
        connection.execute(
            "insert into public.users (id, email, full_name, organization_id) "
            "values (%s, 'gil@globex.example', 'Gil', %s)",
            [STRANGER, GLOBEX],
        )
        for user in (GONE, STRANGER, person(3)):
            connection.execute(PERMIT, [user, integration(1), False, None])
        connection.execute("update public.users set is_active = false where id = %s", [person(2)])
        connection.execute(PERMIT, [UUID(int=0xDD), integration(1, GLOBEX), False, None])
    async with opened(directory) as database:
        assert await labels_page_by_page(database) == [*(f"Person {n:06}" for n in range(1, 8)), str(GONE), "Gil"]
        page = await people_page(database, ACME)
        assert {holder.label: holder.standing for holder in page.people if holder.standing != "active"} == {
            "Person 000002": "inactive",
            str(GONE): "not in the directory",
            "Gil": "of another organisation",
        }
        holders = await holders_by_id(database, ACME, [GONE, person(1), UUID(int=0xDD)])
        assert {key: holder.standing for key, holder in holders.items()} == {
            GONE: "not in the directory",
            person(1): "active",
        }
        not_in_directory = PeopleFilter(no_longer_in_directory=True)
        assert await labels_page_by_page(database, not_in_directory) == ["Person 000002", str(GONE)]


async def test_the_filter_finds_any_part_of_name_e_mail_or_id_and_takes_no_sign_for_a_pattern(directory: str) -> None:
    execute(directory, "update public.users set full_name = '100%% o_o \\ Ärger' where id = %s", person(1))
    execute(directory, "update public.users set full_name = 'oxo' where id = %s", person(2))
    async with opened(directory) as database:
        for text, matching in {
            "%": [person(1)],
            "o_o": [person(1)],
            "\\": [person(1)],
            " ärg ": [person(1)],
            "ON2@": [person(2)],
            str(person(3)).upper(): [person(3)],
            str(person(3))[5:20]: [person(3)],
            "nobody": [],
            "\0": [],
            "\udcff": [],
        }.items():
            page = await people_page(database, ACME, PeopleFilter(text))
            assert [holder.id for holder in page.people] == matching, text
            assert await count_people(database, ACME, PeopleFilter(text)) == len(matching)


async def test_the_flags_keep_who_has_access_now_and_whose_access_ends_within_30_days(directory: str) -> None:
    for number, ends in enumerate(("29 days", "31 days", "-1 day", None, "1 hour"), 1):
        execute(directory, PERMIT, person(number), integration(1), False, ends)
    execute(
        directory,
        "update public.user_integration_permissions set can_view = false where user_id in (%s, %s)",
        person(4),
        person(5),
    )
    execute(directory, PERMIT, GONE, integration(2), True, "2 days")
    async with opened(directory) as database:
        access = PeopleFilter(only_with_access=True)
        assert await labels_page_by_page(database, access) == ["Person 000001", "Person 000002", str(GONE)]
        soon = PeopleFilter(expires_within_30_days=True)
        assert await labels_page_by_page(database, soon) == ["Person 000001", str(GONE)]
        assert await labels_page_by_page(database, PeopleFilter("person1@", expires_within_30_days=True)) == [
            "Person 000001"
        ]


async def test_who_holds_a_right_on_an_integration_is_found_by_either(directory: str) -> None:
    execute(directory, PERMIT, person(1), integration(1), True, None)
    execute(directory, PERMIT, person(2), integration(1), False, None)
    execute(directory, PERMIT, person(2), integration(2), True, None)
    execute(directory, PERMIT, person(3), integration(2), True, "-1 day")
    execute(directory, "update public.users set full_name = 'Phoebe' where id = %s", person(4))
    first = (integration(1),)
    async with opened(directory) as database:
        for people_filter, found in (
            (PeopleFilter(rights=("send",)), ["Person 000001", "Person 000002"]),
            (PeopleFilter(rights=("send", "configure")), []),
            (PeopleFilter("person2@", rights=("send",)), ["Person 000002"]),
            (PeopleFilter("person3@", rights=("send",)), []),
            (PeopleFilter("pho", integration_ids=first), ["Person 000001", "Person 000002", "Phoebe"]),
            (PeopleFilter("pho", rights=("send",), integration_ids=first), ["Person 000001"]),
            (PeopleFilter("pho", integration_ids=first, no_longer_in_directory=True), []),
        ):
            assert await labels_page_by_page(database, people_filter) == found
            assert await count_people(database, ACME, people_filter) == len(found)


async def test_people_are_sorted_by_name_by_e_mail_and_by_the_newest_grant(directory: str) -> None:
    execute(directory, "update public.users set full_name = null where id = %s", person(1))
    execute(directory, "update public.users set full_name = '  ', email = 'aa@acme.example' where id = %s", person(3))
    execute(directory, "update public.users set full_name = 'Ägypten' where id = %s", person(4))
    execute(directory, PERMIT, person(5), integration(1), False, None)
    execute(directory, PERMIT, person(2), integration(1), False, None)
    execute(directory, PERMIT, person(5), integration(2), False, None)
    execute(directory, PERMIT, GONE, integration(2), False, None)
    async with opened(directory) as database:
        by_name = await labels_page_by_page(database)
        assert by_name[0] == "aa@acme.example"
        assert (len(by_name), by_name[-1]) == (8, str(GONE))
        by_mail = await labels_page_by_page(database, sort="email")
        assert by_mail[:2] == ["aa@acme.example", "person1@acme.example"]
        by_grant = await labels_page_by_page(database, sort="granted")
        assert by_grant[:2] == ["Person 000005", "Person 000002"]
        assert set(by_grant) == set(by_name)


async def test_a_page_has_the_cells_of_exactly_its_people(directory: str) -> None:
    with psycopg.connect(directory) as connection:
        give_everybody(connection)
        connection.execute(PERMIT, [GONE, integration(2), True, "3 days"])
    async with opened(directory) as database:
        page = await people_page(database, ACME, limit=2)
        assert set(page.grants) == {(person(n), integration(i)) for n in (1, 2) for i in (1, 2)}
        cell = page.cell(person(1), integration(1))
        assert cell.access == Access(("view", "send"), daily_limit=100, monthly_limit=1000)
        nobodys = page.cell(GONE, integration(1))
        assert [state_of(each.access, page.now) for each in (cell, nobodys)] == ["active", "none"]
        (grant,) = (await grants_of(database, ACME, [GONE])).values()
        assert grant.access.expires_at is not None
        assert await grants_of(database, GLOBEX, [GONE]) == {}
        types = [row.integration_type for row in await integrations_of(database, ACME)]
        assert types == ["exotel_phone", "exotel_whatsapp"]


async def test_an_expiry_that_no_calendar_has_is_never_or_long_past(directory: str) -> None:
    execute(directory, PERMIT, person(1), integration(1), False, None)
    execute(directory, PERMIT, person(2), integration(1), False, None)
    execute(directory, "update user_integration_permissions set expires_at = 'infinity' where user_id = %s", person(1))
    execute(directory, "update user_integration_permissions set expires_at = '-infinity' where user_id = %s", person(2))
    async with opened(directory) as database:
        page = await people_page(database, ACME)
        states = [state_of(page.cell(person(n), integration(1)).access, page.now) for n in (1, 2)]
        assert states == ["active", "expired"]


async def test_use_is_what_was_sent_successfully_today_and_this_month_in_utc(directory: str) -> None:
    insert = (
        "insert into public.integration_audit_logs "
        "(organization_id, user_id, integration_type, action, status, created_at) "
        "values (%s, %s, %s, %s, %s, date_trunc(%s, now(), 'UTC') + %s::interval)"
    )
    for organization, user, type_, action, status, unit, offset in [
        (ACME, person(1), "exotel_phone", "call_made", "success", "day", "0"),
        (ACME, person(1), "exotel_phone", "sms_sent", "success", "day", "1 second"),
        (ACME, person(1), "zoho_mail", "email_sent", "success", "day", "0"),
        (ACME, person(1), "exotel_phone", "call_made", "success", "month", "-1 microsecond"),
        (ACME, person(1), "exotel_phone", "call_made", "failed", "day", "0"),
        (ACME, person(1), "exotel_phone", "connection_tested", "success", "day", "0"),
        (GLOBEX, person(1), "exotel_phone", "call_made", "success", "day", "0"),
        (ACME, person(2), "exotel_phone", "call_made", "success", "month", "0"),
        (ACME, person(3), "exotel_phone", "call_made", "success", "day", "0"),
    ]:
        execute(directory, insert, organization, user, type_, action, status, unit, offset)
    async with opened(directory) as database:
        used = await use_of(database, ACME, [person(1), person(2)])
        assert used[person(1), "exotel_phone"] == Use(2, 2)
        assert used[person(1), "zoho_mail"] == Use(1, 1)
        assert used[person(2), "exotel_phone"].this_month == 1
        assert len(used) == 3
        assert await use_of(database, ACME, []) == {}


async def test_without_a_directory_people_are_the_labels_and_whoever_holds_something(installed_database: str) -> None:
    with psycopg.connect(installed_database) as connection:
        connection.execute(
            "insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted) "
            "values (%s, %s, 'zoho_mail', 'x')",
            [integration(1), ACME],
        )
        connection.execute(
            "insert into switchboard.people_labels (id, label, organization_id) "
            "values (%s, 'Ann', %s), (%s, 'Bob', null), (%s, 'Gil', %s)",
            [person(1), ACME, person(2), STRANGER, GLOBEX],
        )
        connection.execute(PERMIT, [GONE, integration(1), False, None])
    async with opened(installed_database) as database:
        assert await labels_page_by_page(database) == ["Ann", "Bob", str(GONE)]
