"""The wizard's plan, installation, organisation and last step: what is said, what is refused, what is left behind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.screens.setup.driver import FOURTH, SECOND, SEVENTH, SIXTH, THIRD, wizard
from tests.support.acme import ACME, ASHA, KEY
from tests.support.commands import REPOSITORY, contents, execute
from tui.settings.settings import load_settings
from tui.widgets.ordered_app import KEY_GIVEN_UP_AFTER_S

if TYPE_CHECKING:
    from pathlib import Path

HAS_KEY = {"ENCRYPTION_MASTER_KEY": KEY}
BREAK_VIEWS = """
create function public.no_views() returns event_trigger language plpgsql as
$$ begin raise exception 'views are not allowed here'; end $$;
create event trigger no_views on ddl_command_start when tag in ('CREATE VIEW') execute function public.no_views();
"""


async def test_a_column_of_another_type_is_named_and_nothing_is_installed(empty_database: str, tmp_path: Path) -> None:
    execute(
        empty_database,
        "create table public.integration_credentials (id uuid primary key, organization_id uuid, "
        "integration_type varchar(50), credentials_encrypted bytea, updated_at timestamptz)",
    )
    before = contents(empty_database)
    async with wizard(tmp_path, HAS_KEY) as console:
        await console.connect(empty_database)
        await console.enter(SECOND)
        await console.enter(THIRD)
        await console.wait_for("integration_credentials.credentials_encrypted is of type bytea")
        await console.enter("It cannot be installed like this.")
        assert contents(empty_database) == before
        execute(empty_database, "drop table public.integration_credentials")
        await console.enter(FOURTH)


async def test_a_failing_installation_leaves_nothing_behind_and_can_be_tried_again(
    empty_database: str, tmp_path: Path
) -> None:
    async with wizard(tmp_path, HAS_KEY) as console:
        await console.connect(empty_database)
        await console.enter(SECOND)
        await console.enter(THIRD)
        await console.wait_for("will be made")
        await console.enter("Press enter to install.")
        execute(empty_database, BREAK_VIEWS)
        await console.enter("Nothing was left behind. Enter tries again.")
        assert contents(empty_database) == {}
        execute(empty_database, "drop event trigger no_views; drop function public.no_views()")
        await console.enter("Installed in")
        assert console.text.count("✓ 0") == len(list((REPOSITORY / "sql").glob("0*.sql")))
        await console.enter("A trial credential was encrypted")


async def test_another_programs_tables_are_recognised_their_holes_shown_and_their_rows_kept(
    empty_database: str, tmp_path: Path
) -> None:
    execute(
        empty_database,
        """
        create role anon nologin;
        create table public.integration_credentials (
          id uuid primary key default gen_random_uuid(), organization_id uuid not null,
          integration_type varchar(50) not null, credentials_encrypted text not null, display_name varchar(255),
          is_active boolean default true, is_verified boolean default false, last_verified_at timestamptz,
          created_by uuid, updated_by uuid, created_at timestamptz default now(), updated_at timestamptz default now(),
          note text, unique (organization_id, integration_type));
        grant all on public.integration_credentials to anon;
        insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted)
          values (gen_random_uuid(), 'zoho_mail', 'no envelope');
        """,
    )
    before = contents(empty_database)["public.integration_credentials"]
    async with wizard(tmp_path, HAS_KEY) as console:
        await console.connect(empty_database)
        await console.enter(SECOND)
        await console.enter(THIRD)
        await console.wait_for("holes were found in what is there.")
        assert "1 thing of another program is there and harmless" in console.text
        await console.press("right")
        await console.wait_for("= column public.integration_credentials.note: text")
        await console.press("right")
        await console.wait_for("The credentials were open to everybody with the API's public key")
        await console.press("pagedown")
        await console.wait_for("from pg_class c cross join lateral aclexplode(c.relacl) g")
        await console.press("right")
        await console.wait_for("begin;")
        await console.enter("Press enter to install.")
        await console.enter("Installed in")
    assert contents(empty_database)["public.integration_credentials"] == before
    assert execute(empty_database, "select object from switchboard.accepted") == [
        ("column public.integration_credentials.note",)
    ]
    granted = "select has_table_privilege('anon', 'public.integration_credentials', 'select')"
    assert execute(empty_database, granted) == [(False,)]


async def test_an_unknown_operator_is_refused_and_what_was_typed_stays(installed_database: str, tmp_path: Path) -> None:
    async with wizard(tmp_path, HAS_KEY) as console:
        await console.connect(installed_database)
        for shown in (SECOND, THIRD, FOURTH, "A trial credential was encrypted", SIXTH):
            await console.enter(shown)
            await console.wait_until_settled()
        await console.type("Acme")
        await console.focus("#o-operator")
        await console.type("asha@acme.example")
        await console.enter("No person has that id or e-mail.")
        assert "Acme" in console.text
        assert execute(installed_database, "select count(*) from switchboard.organization_labels") == [(0,)]
        execute(installed_database, "insert into switchboard.people_labels (id, label) values (%s, 'Asha')", ASHA)
        await console.press("ctrl+u")
        await console.type(str(ASHA))
        await console.enter(SEVENTH)
    saved = load_settings({}, cwd=tmp_path)
    assert saved.operator == str(ASHA)
    assert saved.organization is not None


async def test_an_organisation_id_that_is_no_uuid_and_a_missing_name_are_refused(
    installed_database: str, tmp_path: Path
) -> None:
    async with wizard(tmp_path, HAS_KEY) as console:
        await console.connect(installed_database)
        for shown in (SECOND, THIRD, FOURTH, "A trial credential was encrypted", SIXTH):
            await console.enter(shown)
            await console.wait_until_settled()
        await console.enter("The organisation has no name yet.")
        await console.type("Acme")
        await console.focus("#o-id")
        await console.press("ctrl+u")
        await console.type("12")
        await console.enter("The id is not a UUID.")
        await console.press("ctrl+u")
        await console.type(str(ACME))
        await console.enter(SEVENTH)
    assert execute(installed_database, "select id, name from switchboard.organization_labels") == [(ACME, "Acme")]


async def test_organisations_of_the_directory_are_listed_and_none_can_be_added(
    empty_database: str, tmp_path: Path
) -> None:
    globex = uuid4()
    execute(empty_database, "create table public.organizations (id uuid primary key, name text)")
    execute(empty_database, "insert into public.organizations values (%s, 'Globex \x1b[31m')", globex)
    many = "insert into public.organizations select gen_random_uuid(), 'Clinic ' || n from generate_series(1, 300) as n"
    execute(empty_database, many)
    async with wizard(tmp_path, HAS_KEY) as console:
        await console.connect(empty_database)
        await console.enter(SECOND)
        await console.enter(THIRD)
        await console.install()
        await console.wait_for("Clinic 1")
        assert "a new one" not in console.text
        await console.type("globex")
        await console.wait_for("Globex ␛[31m")
        await console.enter(SEVENTH)
    assert load_settings({}, cwd=tmp_path).organization == str(globex)


async def test_it_opens_by_itself_where_the_schema_is_missing(empty_database: str, tmp_path: Path) -> None:
    async with wizard(tmp_path, {"DATABASE_URL": empty_database, **HAS_KEY}) as console:
        await console.wait_for("✓ Connection")
        await console.wait_for("Connected to database")
        await console.enter(SECOND)
        await console.wait_for("✓ Master key")
        await console.enter(THIRD)
        assert "Save the connection" not in console.text


async def test_where_all_is_set_up_the_doctor_opens_instead(installed_database: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": installed_database, "SWITCHBOARD_ORGANIZATION": str(ACME), **HAS_KEY}
    async with wizard(tmp_path, environment) as console:
        await console.wait_for("● connected")
        await console.press("5")
        await console.wait_for("w setup wizard")
        await console.wait_for("all is well")
        await console.press("w")
        await console.wait_for("Where is your Postgres database?")
        await console.wait_for("esc leave")
        # The key that opened it may be lost with the list that had the focus; the next one does not wait for it.
        await console.wait_for(lambda: time.monotonic() - console.app.last_key_at > KEY_GIVEN_UP_AFTER_S)
        console.send("escape")
        await console.pilot.pause()
        assert not console.app._keys
        await console.wait_for("all is well")
        await console.press("question_mark")
        await console.wait_for("Set up again")
        assert "slash" not in console.row_keys
        await console.press("escape")
        await console.wait_for("all is well")
        execute(installed_database, "alter table public.integration_credentials disable row level security")
        await console.press("r")
        await console.wait_for("✗ problem")
        assert "Row security is off" in console.text


async def test_the_doctor_says_why_there_is_no_connection(tmp_path: Path) -> None:
    environment = {"DATABASE_URL": "postgresql://me:pw-canary-5511@127.0.0.1:1/db"}
    async with wizard(tmp_path, environment) as console:
        await console.wait_for("no connection")
        await console.press("5")
        await console.wait_for("✗ problem")
        await console.wait_for("127.0.0.1")
        assert "canary" not in console.text


async def test_in_read_only_mode_nothing_is_installed(empty_database: str, tmp_path: Path) -> None:
    async with wizard(tmp_path, {**HAS_KEY, "SWITCHBOARD_READ_ONLY": "1"}) as console:
        await console.connect(empty_database)
        await console.enter(SECOND)
        await console.enter(THIRD)
        await console.wait_for("will be made")
        await console.enter("Press enter to install.")
        await console.enter("Switchboard is in read-only mode")
    assert contents(empty_database) == {}
