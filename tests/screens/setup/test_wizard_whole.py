"""The wizard from its first step to the first form, on a database that another program has used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.screens.setup.driver import FIFTH, FIRST, FOURTH, SECOND, SEVENTH, SIXTH, THIRD, Wizard, wizard
from tests.support.acme import ACME, ASHA, KEY
from tests.support.commands import REPOSITORY, contents, execute
from tui.settings.settings import load_settings
from tui.widgets.notices import NoticeList

if TYPE_CHECKING:
    from pathlib import Path

GLOBEX = uuid4()
ANOTHER_PROGRAM = """
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
create table public.organizations (id uuid primary key, name text);
insert into public.organizations select gen_random_uuid(), 'Clinic ' || n from generate_series(1, 300) as n;
"""
BREAK_VIEWS = """
create function public.no_views() returns event_trigger language plpgsql as
$$ begin raise exception 'views are not allowed here'; end $$;
create event trigger no_views on ddl_command_start when tag in ('CREATE VIEW') execute function public.no_views();
"""


async def test_it_goes_to_the_first_form_with_nothing_lost_on_the_way(empty_database: str, tmp_path: Path) -> None:
    execute(empty_database, ANOTHER_PROGRAM)
    execute(empty_database, "insert into public.organizations values (%s, 'Globex \x1b[31m')", GLOBEX)
    before = contents(empty_database)
    async with wizard(tmp_path, {"ENCRYPTION_MASTER_KEY": KEY}) as console:
        await stay_on_the_first_step(console)
        await console.connect(empty_database)
        assert "▲ Tables of another program are here already: 1 credential." in console.text
        await console.enter(SECOND)
        await console.wait_for("✓ Master key")
        assert re.search(r"\(o\) Keep it +from the environment$", console.text, re.MULTILINE)
        assert "Generate one" not in console.text
        await console.enter(THIRD)
        await read_the_plan(console)
        await fail_to_install_and_install(console, empty_database, before)
        await see_the_proof(console)
        await choose_an_organisation(console, empty_database)
        await reach_the_first_form(console)
        await open_it_again(console)
    assert contents(empty_database)["public.integration_credentials"] == before["public.integration_credentials"]
    assert execute(empty_database, "select object from switchboard.accepted") == [
        ("column public.integration_credentials.note",)
    ]
    granted = "select has_table_privilege('anon', 'public.integration_credentials', 'select')"
    assert execute(empty_database, granted) == [(False,)]
    assert execute(empty_database, "select distinct action from public.integration_audit_logs") == [("schema_changed",)]
    assert execute(empty_database, "select count(*) from switchboard.keys") == [(0,)]
    saved = load_settings({}, cwd=tmp_path)
    assert (saved.organization, saved.operator) == (str(GLOBEX), str(ASHA))


async def stay_on_the_first_step(console: Wizard) -> None:
    """Neither escape nor one key leaves it."""
    await console.wait_for(FIRST)
    await console.wait_for("tab next line  enter next  ctrl+c twice quit  F1 help")
    await console.press("escape")
    await console.wait_for("This is the first step.")
    await console.focus("#c-demo")
    await console.press("question_mark")
    await console.wait_for("Keys on this screen")
    await console.wait_for(lambda: "question_mark" in console.row_keys)
    assert not {"slash", "r", "w"} & set(console.row_keys)
    await console.press("escape")
    await console.wait_for(FIRST)
    await console.press("q")
    await console.wait_for("press ctrl+c twice")
    assert console.app.is_running


async def read_the_plan(console: Wizard) -> None:
    """Each view, and the text of the one that is longer than the screen."""
    await console.wait_for("security holes found in the existing tables.")
    assert "1 object of another program is harmless" in console.text
    await console.press("right")
    await console.wait_for("= column public.integration_credentials.note: text")
    await console.press("right")
    await console.wait_for("The credentials were open to everybody with the API's public key")
    await console.press("pagedown")
    await console.wait_for("from pg_class c cross join lateral aclexplode(c.relacl) g")
    await console.press("right")
    await console.wait_for("begin;")


async def fail_to_install_and_install(console: Wizard, conninfo: str, before: dict[str, object]) -> None:
    """A failure leaves nothing behind, and what stood in the way once out of it, enter tries again."""
    await console.enter(FOURTH)
    await console.wait_for("Press enter to install.")
    execute(conninfo, BREAK_VIEWS)
    await console.enter("Nothing was changed. Press enter to try again.")
    execute(conninfo, "drop event trigger no_views; drop function public.no_views()")
    assert contents(conninfo) == before
    await console.enter("Installed in")
    # More files than lines.
    notices = console.app.screen.query_one("#i-files", NoticeList).notices
    assert [notice.tone for notice in notices] == ["good"] * len(list((REPOSITORY / "sql").glob("0*.sql")))


async def see_the_proof(console: Wizard) -> None:
    """And come back to it from the step before, which has nothing left to do."""
    await console.enter("A trial credential was encrypted")
    for table in ("credentials", "audit_logs"):
        assert console.shows(f"integration_{table} is there, and its row security is on.")
    for table in ("user_integration_permissions", "organization_phone_numbers"):
        assert console.shows(f"{table} is there, and its row security is on.")
    await console.press("escape")
    await console.wait_for(FOURTH)
    await console.wait_for("It is installed already.")
    await console.enter(FIFTH)
    await console.wait_for("Press enter to continue.")


async def choose_an_organisation(console: Wizard, conninfo: str) -> None:
    """Of a directory's many, by a part of its name; an unknown operator is refused and what was typed stays."""
    await console.enter(SIXTH)
    await console.wait_for("Clinic 1")
    assert "a new one" not in console.text
    await console.type("globex")
    await console.wait_for("Globex ␛[31m")
    await console.focus("#o-operator")
    await console.type("asha@acme.example")
    await console.enter("No person has that id or e-mail.")
    assert "globex" in console.text
    execute(conninfo, "insert into switchboard.people_labels (id, label) values (%s, 'Asha')", ASHA)
    await console.press("ctrl+u")
    await console.type(str(ASHA))
    await console.enter(SEVENTH)


async def reach_the_first_form(console: Wizard) -> None:
    await console.enter("Account SID")
    assert console.app.session.organization is not None
    assert console.app.session.organization.id == GLOBEX
    await console.press("escape")
    await console.wait_for("Exotel WhatsApp")
    assert "● connected" in console.text


async def open_it_again(console: Wizard) -> None:
    """It says first what is installed already."""
    await console.press("5")
    await console.wait_for("w setup wizard")
    await console.press("w")
    await console.wait_for(FIRST)
    await console.wait_for("Connected to database")
    assert "▲ Installed here already: 1 credential." in console.text


async def test_without_a_key_it_goes_on_and_says_what_follows_and_a_new_organisation_is_named(
    installed_database: str, tmp_path: Path
) -> None:
    async with wizard(tmp_path) as console:
        await console.connect(installed_database)
        await console.enter(SECOND)
        await console.wait_for("I have stored a copy")
        await console.focus("#k-ways")
        await console.press(*["down"] * 4)
        await console.enter(THIRD)
        assert "✓ Master key" not in console.text
        await console.wait_until_settled()
        await console.enter(FOURTH)
        await console.enter("Encryption was not tried: there is no master key yet.")
        await console.enter(SIXTH)
        await console.wait_until_settled()
        await console.enter("The organisation has no name yet.")
        await console.type("Acme")
        await console.focus("#o-id")
        await console.press("ctrl+u")
        await console.type("12")
        await console.enter("The id is not a UUID.")
        await console.press("ctrl+u")
        await console.type(str(ACME))
        await console.enter("There is no master key yet, so no credential can be saved.")
        await console.wait_for(SEVENTH)
    assert execute(installed_database, "select id, name from switchboard.organization_labels") == [(ACME, "Acme")]
    assert "ENCRYPTION_MASTER_KEY" not in (tmp_path / ".env").read_text()


async def test_looking_around_ends_the_console_with_the_wish_for_the_demo(tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await console.wait_for(FIRST)
        await console.focus("#c-demo")
        await console.press("enter")
        await console.wait_for(lambda: console.app.return_value is not None)
        assert console.app.return_value == 200
    assert not (tmp_path / ".env").exists()
