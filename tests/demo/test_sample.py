"""The demo's session: what it holds, that it is kept, and when it is built again."""

from __future__ import annotations

import os
import stat
import subprocess
from collections import Counter
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from tests.support.acme import OTHER_KEY, OTHER_MASTER_KEY
from tests.support.processes import SERVER_ACCOUNT, Fork, reachable_folder
from tests.support.waiting import wait_until
from tui.data.integrations.listing import list_integrations
from tui.data.keys.encryption import Keyring, RowBinding
from tui.data.keys.gate import check_gate
from tui.data.keys.master_key import MasterKey
from tui.data.postgres.database import Database
from tui.data.schema.state import schema_state
from tui.demo import sample
from tui.demo.account import FALLBACK_ACCOUNT, OWN_ACCOUNT, account_for_root, running_as_root
from tui.demo.embedded import EmbeddedServer
from tui.demo.session import DATABASE, DemoSession, demo_folder, prepare_demo
from tui.errors import DemoFailed, Unreadable
from tui.process.identity import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.models.integrations import Integration

# The log takes a third of a build.
FEWER_ROWS = 2_000
TYPES = ("exotel_phone", "exotel_whatsapp", "exotel_sms", "zoho_mail")


@pytest.fixture(scope="module")
def built() -> Iterator[Path]:
    """A demo that was built and left again, to be copied: building one takes a second of computing.

    A console was killed before while it built there.
    """
    with reachable_folder() as folder:
        place = folder / "demo"
        building = Fork(lambda: prepare_demo(reset=False, folder=place, account=SERVER_ACCOUNT))
        wait_until(lambda: exists(EmbeddedServer(place, account=SERVER_ACCOUNT), DATABASE), timeout=60)
        building.kill()
        assert not (place / "demo.key").exists()
        prepare_demo(reset=False, folder=place, account=SERVER_ACCOUNT).close()
        yield place


@contextmanager
def copied(demo: Path) -> Iterator[Path]:
    with reachable_folder() as folder:
        subprocess.run(["cp", "-a", demo, folder / "demo"], check=True)
        yield folder / "demo"


@pytest.fixture(scope="module")
def place(built: Path) -> Iterator[Path]:
    with copied(built) as copy:
        yield copy


@pytest.fixture(scope="module")
def demo(place: Path) -> Iterator[DemoSession]:
    """A demo that tests only read."""
    with prepare_demo(reset=False, folder=place, account=SERVER_ACCOUNT) as session:
        yield session


@pytest.fixture
def own_place(built: Path) -> Iterator[Path]:
    """A demo of the test's own."""
    with copied(built) as copy:
        yield copy


def query(session: DemoSession, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(session.environment["DATABASE_URL"]) as connection:
        return connection.execute(text.encode()).fetchall()


@cache
def keyring_of(text: str) -> Keyring:
    """A keyring that tests share: its slow derivation is done once."""
    return Keyring(MasterKey(text, "the demo"))


def keyring(session: DemoSession) -> Keyring:
    return keyring_of(session.environment["ENCRYPTION_MASTER_KEY"])


def exists(server: EmbeddedServer, dbname: str) -> bool:
    try:
        psycopg.connect(server.conninfo(dbname)).close()
    except psycopg.OperationalError:
        return False
    return True


def state(integration: Integration) -> str:
    if integration.state != "active":
        return integration.state
    if integration.failing:
        return "failing"
    if integration.is_verified:
        return "proven" if integration.proven else "by another program"
    return "untested"


def test_three_organisations_have_names_and_twelve_people_each(demo: DemoSession) -> None:
    rows = query(
        demo,
        "select o.name, count(*) from switchboard.organizations as o"
        " join switchboard.people as p on p.organization_id = o.id group by o.name order by o.name",
    )
    assert rows == [("Harbour Clinics", 12), ("Kaveri Tea Traders", 12), ("Meridian Freight", 12)]


def test_the_log_has_20000_rows_of_the_last_90_days(demo: DemoSession) -> None:
    ((rows, first, last, now),) = query(
        demo,
        "select count(*), min(created_at), max(created_at) filter (where action <> 'schema_changed'), now()"
        " from public.integration_audit_logs",
    )
    assert rows == 20_000
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    assert isinstance(now, datetime)
    assert timedelta(days=85) < now - first < timedelta(days=91)
    assert timedelta(0) < now - last < timedelta(hours=1)


def test_the_log_is_varied(demo: DemoSession) -> None:
    ((actions, statuses, agents, addresses, people, nobody),) = query(
        demo,
        "select count(distinct action), count(distinct status), count(distinct user_agent),"
        " count(distinct ip_address), count(distinct user_id), count(*) filter (where user_id is null)"
        " from public.integration_audit_logs",
    )
    assert (statuses, people) == (3, 33)
    for number, least in ((actions, 12), (agents, 6), (addresses, 500), (nobody, 500)):
        assert isinstance(number, int)
        assert number >= least


def test_people_and_numbers_have_a_history_and_what_came_in_came_from_somebody(demo: DemoSession) -> None:
    """The rows that `history_of_person` and `history_of_number` find with `of_own_rows`."""
    own = "details ? 'session_user' and details ->> 'source' = 'trigger'"
    log = f"from public.integration_audit_logs where {own}"
    rows = query(
        demo,
        "select (select count(*) from public.user_integration_permissions) ="
        f" (select count(distinct details #> '{{after,id}}') {log} and action = 'permission_granted'"
        "   and details #> '{row,user_id}' = details #> '{after,user_id}'),"
        " (select count(*) from public.organization_phone_numbers where assigned_to_user_id is not null) ="
        f" (select count(*) {log} and action = 'number_assigned' and details #> '{{row,phone_number}}' is not null"
        "   and details #> '{after,assigned_to_user_id}' is not null),"
        f" (select count(distinct organization_id) {log} and action = 'number_assigned'),"
        " (select bool_and(coalesce(details ? 'from' and not details ? 'to', false))"
        " from public.integration_audit_logs where status = 'success'"
        " and action in ('call_received', 'message_received'))",
    )
    assert rows == [(True, True, 3, True)]


async def test_every_state_of_an_integration_is_there(demo: DemoSession) -> None:
    database = Database(demo.environment["DATABASE_URL"], Operator(None, "test"))
    await database.open()
    try:
        states: Counter[str] = Counter()
        formats = set()
        for (organization,) in query(demo, "select id from switchboard.organizations"):
            assert isinstance(organization, UUID)
            for integration in await list_integrations(database, keyring(demo), organization, TYPES):
                states[state(integration)] += 1
                formats.add(integration.envelope_format)
        gate = await check_gate(database, keyring(demo))
        assert await database.read(schema_state) == "installed"
    finally:
        await database.close()
    assert states == {
        "proven": 3,
        "by another program": 1,
        "failing": 1,
        "untested": 1,
        "disabled": 2,
        "unreadable": 2,
        "not set up": 2,
    }
    assert {"sb2", "legacy"} <= formats
    assert gate.state == "open"


def test_unreadable_envelopes_have_two_reasons_and_the_others_open(demo: DemoSession) -> None:
    reasons: Counter[str] = Counter()
    for id_, organization, type_, envelope in query(
        demo,
        "select id, organization_id, integration_type, credentials_encrypted from public.integration_credentials",
    ):
        assert isinstance(id_, UUID)
        assert isinstance(organization, UUID)
        try:
            opened = keyring(demo).open(str(envelope), RowBinding(id_, organization, str(type_)))
        except Unreadable as problem:
            reasons[problem.reason] += 1
        else:
            assert "email" in opened.credential or "api_token" in opened.credential
    assert reasons == {"other key": 1, "altered": 1}


def test_numbers_are_of_every_kind_and_one_is_in_the_old_notation(demo: DemoSession) -> None:
    rows = query(
        demo,
        "select count(distinct number_type), count(*) filter (where is_primary),"
        " bool_or(assigned_to_user_id is null), bool_or(assigned_to_user_id is not null), bool_or(not is_active),"
        " bool_or(phone_number = '01141169368') from public.organization_phone_numbers",
    )
    assert rows == [(3, 3, True, True, True, True)]


def test_permissions_have_limits_and_expired_and_expiring_ones(demo: DemoSession) -> None:
    rows = query(
        demo,
        "select count(*) > 40, bool_or(expires_at < now()),"
        " bool_or(expires_at between now() and now() + interval '4 days'), bool_or(daily_limit is not null),"
        " bool_or(monthly_limit is not null), bool_or(can_configure), bool_or(not can_send)"
        " from public.user_integration_permissions",
    )
    assert rows == [(True,) * 7]


def test_its_changes_are_logged_like_everywhere(demo: DemoSession) -> None:
    rows = query(
        demo,
        "select tgname::text, tgenabled::text, count(*) from pg_trigger where tgname like 'switchboard\\_%'"
        " and tgrelid::regclass::text like '%integration_credentials' group by 1, 2 order by 1",
    )
    assert rows == [
        ("switchboard_forget", "A", 1),
        ("switchboard_log_change", "A", 1),
        ("switchboard_log_truncate", "A", 1),
        ("switchboard_only_as_requested", "A", 1),
        ("switchboard_remember", "A", 1),
        ("switchboard_updated_at", "O", 1),
        ("switchboard_versions", "A", 1),
        ("switchboard_versions_deleted", "A", 1),
    ]


def test_its_login_is_the_owner_and_no_superuser(demo: DemoSession) -> None:
    assert query(demo, "select usename::text, usesuper from pg_user where usename = current_user") == [
        ("switchboard", False)
    ]


def test_its_key_is_readable_by_its_user_alone(demo: DemoSession, place: Path) -> None:
    key = demo.environment["ENCRYPTION_MASTER_KEY"]
    holding = [file for file in place.glob("*") if file.is_file() and key in file.read_text(errors="replace")]
    assert [stat.S_IMODE(file.stat().st_mode) for file in holding] == [0o600]


def test_changes_and_the_key_stay_until_another_version_builds_it_again(
    own_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with prepare_demo(reset=False, folder=own_place, account=SERVER_ACCOUNT) as first:
        query(first, "update public.organizations set name = 'Renamed' where name like 'Kaveri%' returning 1")
        # As a change of the key in its console does.
        first.keep_key(OTHER_MASTER_KEY)
    with prepare_demo(reset=False, folder=own_place, account=SERVER_ACCOUNT) as second:
        assert second.environment == first.environment | {"ENCRYPTION_MASTER_KEY": OTHER_KEY}
        assert query(second, "select 1 from public.organizations where name = 'Renamed'") == [(1,)]
        with psycopg.connect(second.server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"comment on database {DATABASE} is 'an earlier version'")
        # Not under a console.
        with pytest.raises(DemoFailed, match="another version of Switchboard"):
            prepare_demo(reset=False, folder=own_place, account=SERVER_ACCOUNT)
        assert query(second, "select count(*) from public.integration_audit_logs") == [(20_000,)]
    monkeypatch.setattr(sample, "ROWS", FEWER_ROWS)
    with prepare_demo(reset=False, folder=own_place, account=SERVER_ACCOUNT) as third:
        keys = {session.environment["ENCRYPTION_MASTER_KEY"] for session in (first, second, third)}
        assert len(keys) == 3
        assert third.environment["SWITCHBOARD_ORGANIZATION"] == first.environment["SWITCHBOARD_ORGANIZATION"]
        assert query(third, "select count(*) from public.integration_audit_logs") == [(FEWER_ROWS,)]
        assert query(third, "select 1 from public.organizations where name = 'Renamed'") == []


def test_a_console_that_was_killed_while_building_left_nothing_in_the_way(demo: DemoSession) -> None:
    assert query(demo, "select count(*) from public.integration_audit_logs") == [(20_000,)]


# By then all is imported: an ordinary user cannot import what lies below /root.
@pytest.mark.usefixtures("built")
def test_an_ordinary_user_needs_no_other_account_and_a_reset_builds_it_whatever_was_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sample, "ROWS", FEWER_ROWS)
    user = SERVER_ACCOUNT
    with reachable_folder(owner=user) as folder:

        def look() -> tuple[str | None, int, object]:
            server = EmbeddedServer(folder / "demo")
            # Makes its folder.
            server.reset()
            server.cluster.mkdir()
            # A cluster of this version with nothing in it: no server starts on that.
            (server.cluster / "PG_VERSION").write_text("18\n")
            with prepare_demo(reset=True, folder=folder / "demo") as session:
                people = query(session, "select count(*) from switchboard.people")[0][0]
                return session.notice, session.server.folder.stat().st_uid, people

        assert Fork(look, account=user).result() == (None, user.uid if user else os.geteuid(), 36)
        assert stat.S_IMODE((folder / "demo").stat().st_mode) == 0o700


def test_root_keeps_it_out_of_every_home_folder() -> None:
    expected = Path("/var/lib/switchboard/demo") if running_as_root() else Path.home()
    assert demo_folder().is_relative_to(expected)


@pytest.mark.skipif(not running_as_root(), reason="only root starts servers as another account")
def test_without_useradd_the_server_runs_as_nobody() -> None:
    import pwd

    has_own = OWN_ACCOUNT in {entry.pw_name for entry in pwd.getpwall()}
    assert account_for_root(search_path="/nonexistent").name == (OWN_ACCOUNT if has_own else FALLBACK_ACCOUNT)
