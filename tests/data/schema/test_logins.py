"""Which login is whom: what is refused, who a row of the log names, and what a session that is open already sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.database.schema import HOME, add_credential, log_of
from tests.support.servers.postgres import run_schema_files
from tui.data.schema.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

    Connection = psycopg.Connection[Any]

ASHA, BALA, CARL = (UUID(f"00000000-0000-4000-8000-0000000000{n:02}") for n in range(3))
AWAY = UUID("22222222-2222-4222-8222-222222222222")
MAP = "select switchboard.map_login(%s, %s, %s, %s, %s, %s, 'a note', %s)"
ROLES = (
    *(("switchboard_admin", "nologin"), ("switchboard_support", "nologin"), ("switchboard_auditor", "nologin")),
    *(("landlord", "login"), ("tenant", "login in role landlord"), ("subtenant", "login in role tenant")),
    *(("root", "login superuser"), ("sudoer", "login in role root"), ("seer", "login bypassrls")),
    *(("seers_friend", "login in role seer"), ("anon", "nologin"), ("authenticated", "nologin")),
    *(("service_role", "nologin"), ("authenticator", "login noinherit in role service_role")),
    *(("api_user", "login in role authenticated"), ("supabase_storage_admin", "login"), ("locked", "nologin")),
    *(("ann", "login in role switchboard_admin"), ("Bala's login", "login in role switchboard_admin")),
    *(("saul", "login in role switchboard_support"), ("desk", "login in role switchboard_support")),
    *(("eve", "login in role switchboard_admin"), ("free", "login")),
)
REFUSED = {
    "no such": "unknown_role",
    "landlord": "own_row",
    **dict.fromkeys(("postgres", "root", "sudoer"), "superuser"),
    **dict.fromkeys(("anon", "authenticated", "service_role", "authenticator", "api_user"), "program_role"),
    **dict.fromkeys(("supabase_storage_admin", "pg_monitor"), "program_role"),
    **dict.fromkeys(("tenant", "subtenant"), "owner"),
    **dict.fromkeys(("seer", "seers_friend"), "bypasses_row_security"),
    **dict.fromkeys(("locked", "switchboard_admin"), "no_login"),
    "ann": "taken",
    **dict.fromkeys(("free", "saul", "Bala's login"), None),
}


class Logins:
    """A database whose owner is no superuser, with a directory of people, and a connection for each login."""

    def __init__(self, postgres: TestServer, name: str) -> None:
        self._postgres, self._name = postgres, name
        self._open: dict[str, Connection] = {}

    def __getitem__(self, login: str) -> Connection:
        if login not in self._open:
            self._open[login] = psycopg.connect(self.conninfo(login), autocommit=True, application_name="the test")
        return self._open[login]

    def conninfo(self, login: str) -> str:
        """Where a login connects."""
        return self._postgres.conninfo(self._name, user=login)

    def map(self, login: str, **given: Any) -> None:
        """Map a login to Asha and HOME, as the owner, but for what is given."""
        values = {"login": login, "person": ASHA, "role": "admin", "organizations": [HOME], "sees_all": False}
        values |= {"speaks_for_others": False, "connected_as": "landlord"} | given
        caller = values.pop("caller", "landlord")
        self[caller].execute(MAP, list(values.values()))

    def newest(self) -> dict[str, Any]:
        """The newest row of the log."""
        return log_of(self["landlord"])[-1]

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()


@pytest.fixture(scope="module")
def template(postgres: TestServer) -> Iterator[str]:
    """The roles, and a database of the landlord's with a directory and nobody mapped, to be cloned."""
    for role, options in ROLES:
        postgres.create_role(role, options)
    name = postgres.create_database(owner="landlord", prefix="template_logins")
    owner = postgres.conninfo(name, user="landlord")
    with psycopg.connect(owner) as connection:
        connection.execute("create table public.users (id uuid primary key, email text, is_active boolean)")
        connection.cursor().executemany(
            "insert into public.users values (%s, %s, %s)",
            [(ASHA, "asha@acme.example", True), (BALA, "bala@acme.example", None), (CARL, "carl@acme.example", False)],
        )
    run_schema_files(owner)
    yield name
    postgres.drop_database(name)
    postgres.drop_new_roles()


@pytest.fixture
def logins(postgres: TestServer, template: str) -> Iterator[Logins]:
    name = postgres.create_database(template=template, owner="landlord", prefix="logins")
    opened = Logins(postgres, name)
    yield opened
    opened.close()
    postgres.drop_database(name)


def refusal(statement: Any) -> tuple[str | None, str | None]:
    """The code and the detail of the error that it raises."""
    with pytest.raises(psycopg.Error) as caught:
        statement()
    return caught.value.sqlstate, caught.value.diag.message_detail


def test_what_would_turn_a_claim_into_false_proof_is_refused(logins: Logins) -> None:
    """The table of answers; each is the same from the question and from the attempt, and nothing is written."""
    logins.map("ann")
    for login, code in REFUSED.items():
        said = logins["landlord"].execute("select switchboard.login_refusal(%s)", [login]).fetchone()
        assert (login, said) == (login, (code,))
        if code:
            assert (login, *refusal(lambda login=login: logins.map(login))) == (login, "SB007", code)
    for given, answer in (
        ({"connected_as": "pgbouncer"}, ("SB007", "pooled")),
        ({"connected_as": None}, ("SB007", "pooled")),
        ({"person": uuid4()}, ("SB007", "unknown_person")),
        ({"person": CARL}, ("SB007", "inactive_person")),
        ({"organizations": None}, ("SB007", "no_scope")),
        ({"organizations": [None]}, ("SB007", "no_scope")),
        ({"sees_all": True}, ("SB007", "two_scopes")),
        ({"person": None}, ("22023", None)),
        ({"speaks_for_others": True}, ("22023", None)),
        ({"role": "owner"}, ("22023", None)),
        ({"role": None}, ("22023", None)),
        # Who sees a part maps nobody; who is not mapped sees nothing; others may not call it at all.
        ({"caller": "ann", "connected_as": "ann"}, ("SB006", None)),
        ({"caller": "eve", "connected_as": "eve"}, ("SB006", None)),
        ({"caller": "desk", "connected_as": "desk"}, ("42501", None)),
    ):
        assert (given, *refusal(lambda given=given: logins.map("saul", **given))) == (given, *answer)
    mapped = logins["landlord"].execute("select login::text from switchboard.logins").fetchall()
    assert mapped == [("ann",)] and logins.newest()["details"]["login"] == "ann"
    # Supabase's pooler is told USER.PROJECT; the role has the name alone.
    logins.map("saul", connected_as="landlord.abcdefgh", role="support")


def test_the_first_mapping_is_not_by_who_would_see_nothing_after_it(logins: Logins) -> None:
    add_credential(logins["landlord"])
    (count,) = logins["eve"].execute("select count(*) from public.integration_credentials").fetchone() or ()
    assert count == 1
    assert refusal(lambda: logins.map("ann", caller="eve", connected_as="eve")) == ("SB007", "locks_you_out")
    logins.map("eve", sees_all=True, organizations=None)
    logins.map("ann", caller="eve", connected_as="eve")
    for act in ("edit_login(%s, 'admin', null, true, null)", "remove_login(%s)"):
        assert refusal(lambda act=act: logins["eve"].execute(f"select switchboard.{act}", ["eve"])) == (
            "SB007",
            "own_row",
        )
        assert refusal(lambda act=act: logins["eve"].execute(f"select switchboard.{act}", ["x"])) == (
            "SB007",
            "not_mapped",
        )


def test_a_mapping_is_logged_kept_when_removed_and_made_anew(logins: Logins) -> None:
    logins.map("ann")
    owner = logins["landlord"]
    edit = "select switchboard.edit_login('ann', 'support', %s, false, null)"
    assert owner.execute(edit, [[AWAY, HOME, AWAY]]).fetchone() != (None,)
    assert owner.execute(edit, [[HOME, AWAY]]).fetchone() == (None,)
    owner.execute("select switchboard.remove_login('ann')")
    rows = log_of(owner)[-3:]
    assert [(row["action"], row["details"]["change"]) for row in rows] == [
        ("access_changed", change) for change in ("mapped", "edited", "removed")
    ]
    before = {"user_id": str(ASHA), "label": "asha@acme.example", "role": "admin", "sees_all": False, "note": "a note"}
    assert rows[1]["details"]["before"] == before | {"organizations": [str(HOME)]}
    assert rows[1]["details"]["after"]["organizations"] == [str(HOME), str(AWAY)]
    kept = "select login_oid = 'ann'::regrole, removed_at is not null from switchboard.logins where login = 'ann'"
    assert owner.execute(kept).fetchone() == (True, True)
    logins.map("ann", person=BALA)
    assert owner.execute(kept).fetchone() == (True, False)
    # A role of the same name that was made anew is another login, and one that was renamed too.
    owner.execute("update switchboard.logins set login_oid = 1")
    assert logins["ann"].execute("select is_mapped, sees_everything from switchboard.my_login()").fetchone() == (
        False,
        False,
    )
    logins.map("ann", person=BALA)
    mine = "select is_mapped, user_id, email, role, organizations, sees_everything from switchboard.my_login()"
    assert logins["ann"].execute(mine).fetchone() == (True, BALA, "bala@acme.example", "admin", [HOME], False)
    assert owner.execute(mine).fetchone() == (False, None, None, None, [], True)


def test_the_log_names_the_login_before_any_claim_and_says_where_the_name_comes_from(logins: Logins) -> None:
    integration = add_credential(logins["landlord"])
    logins.map("ann")
    logins.map("Bala's login", person=None, organizations=[HOME], speaks_for_others=True)
    logins["landlord"].execute("grant select, update on public.integration_credentials to free")
    logins["landlord"].execute("create policy free on public.integration_credentials to free using (true)")
    somebody = uuid4()
    nobody, label = {"operator_id": "", "operator_label": ""}, {"operator_id": "", "operator_label": "somebody"}
    claim = {"operator_id": str(somebody), "operator_label": "somebody@acme.example"}
    own = {"operator_id": str(ASHA), "operator_label": "Asha, as she likes it"}
    vouched = {"operator_id": str(ASHA), "operator_label": "asha@acme.example"}
    change = f"update public.integration_credentials set is_active = not is_active where id = '{integration}'"
    authored = change.replace("set ", f"set updated_by = '{somebody}', ")
    opening = f"select switchboard.begin_open('{integration}', 'test')"
    act = f"select switchboard.log_act('log_exported', '{HOME}', null, 'success', '{{\"operator_from\": \"login\"}}')"
    said = {"user_id": str(somebody), "operator": "somebody@acme.example"}
    email = "asha@acme.example"
    wrong = []
    for login, settings, statement, expected in (
        # user_id, operator, operator_from, user_from, claimed
        *(("ann", nobody, text, (ASHA, email, "login", None, None)) for text in (opening, act)),
        *(("ann", claim, text, (ASHA, email, "login", None, said)) for text in (opening, act)),
        ("ann", claim, change, (ASHA, email, "login", "operator", said)),
        ("ann", label, change, (ASHA, email, "login", "operator", {"operator": "somebody"})),
        ("ann", own, change, (ASHA, email, "login", "operator", None)),
        ("ann", {"operator_id": "no id", "operator_label": ""}, change, (ASHA, email, "login", "operator", None)),
        ("ann", nobody, authored, (ASHA, email, "login", "operator", None)),
        ("Bala's login", vouched, change, (ASHA, email, "vouched", "operator", None)),
        ("free", claim, change, (somebody, said["operator"], "claim", "operator", None)),
        ("free", label, change, (None, "somebody", "claim", "nobody", None)),
        ("free", label, authored.replace(str(somebody), str(CARL)), (CARL, "somebody", "row", "row", None)),
        ("free", nobody, change, (None, None, "nobody", "nobody", None)),
    ):
        connection = logins[login]
        for name, value in settings.items():
            connection.execute("select set_config(%s, %s, false)", [f"switchboard.{name}", value])
        assert connection.execute(statement).rowcount == 1, (login, statement)
        row = logins.newest()
        details = row["details"]
        got = (row["user_id"], *(details.get(name) for name in ("operator", "operator_from", "user_from", "claimed")))
        wrong += [(login, settings, statement, got, expected)] if got != expected else []
        assert details["session_user"] == login
    assert wrong == []
    # Whom another program names in its row stays there; of a version the login says who replaced it.
    written = "select updated_by from public.integration_credentials"
    assert logins["landlord"].execute(written).fetchone() == (CARL,)
    logins["ann"].execute("update public.integration_credentials set credentials_encrypted = 'y'")
    version = "select user_id, operator, replaced_by from switchboard.credential_versions"
    assert logins["landlord"].execute(version).fetchone() == (ASHA, email, "ann")


def test_a_session_that_is_open_already_sees_what_the_mapping_says_now(logins: Logins) -> None:
    """A prepared statement keeps its plan, in which the scope stands; where all is seen, a plan has no trace of it."""
    owner = logins["landlord"]
    for home in (HOME, AWAY):
        add_credential(owner, home=home)
    for login in ("ann", "eve"):
        logins[login].execute("set plan_cache_mode = force_generic_plan")
        logins[login].execute("prepare seen as select array_agg(organization_id) from public.integration_credentials")
    explain = "explain (costs off) select from public.integration_audit_logs"
    once = "  Filter: ((InitPlan 1).col1 IS NOT UNKNOWN)"

    def seen(login: str) -> set[UUID]:
        return set((logins[login].execute("execute seen").fetchone() or ([],))[0] or [])

    assert seen("ann") == seen("eve") == {HOME, AWAY}
    plan = logins["ann"].execute(explain).fetchall()
    assert [line for (line,) in plan if "Filter" in line] == [once]
    logins.map("ann")
    assert (seen("ann"), seen("eve")) == ({HOME}, set())
    plan = str(logins["ann"].execute(explain).fetchall())
    assert str(HOME) in plan and "planned" not in plan
    owner.execute("select switchboard.edit_login('ann', 'admin', %s, false, null)", [[AWAY]])
    assert seen("ann") == {AWAY}
    owner.execute("select switchboard.edit_login('ann', 'admin', null, true, null)")
    assert seen("ann") == {HOME, AWAY}
    owner.execute("select switchboard.remove_login('ann')")
    assert seen("ann") == set()
    # The way back is to empty the table; a member who may read may also ask several processes.
    owner.execute("delete from switchboard.logins")
    assert seen("ann") == seen("eve") == {HOME, AWAY}
    logins["ann"].execute("set parallel_setup_cost = 0")
    logins["ann"].execute("set min_parallel_table_scan_size = 0")
    logins["ann"].execute("set parallel_tuple_cost = 0")
    assert "Gather" in str(logins["ann"].execute(f"{explain.replace('select', 'select count(*)')}").fetchall())


def test_a_plan_that_outlives_what_it_was_made_of_ends_the_statement(logins: Logins) -> None:
    """Planned after the change by a transaction that reads as of before it; and kept, since a lock kept it."""
    owner, ann = logins["landlord"], logins["ann"]
    for home in (HOME, AWAY):
        add_credential(owner, home=home)
    owner.execute(
        f"insert into public.organization_phone_numbers (organization_id, phone_number) values ('{AWAY}', '1')"
    )
    logins.map("ann", organizations=None, sees_all=True)
    ann.execute("set plan_cache_mode = force_generic_plan")
    ann.execute("prepare kept as select count(*) from public.organization_phone_numbers")
    ann.execute("execute kept")
    ann.execute("begin isolation level repeatable read")
    ann.execute("select from public.integration_credentials")
    ann.execute("lock table public.organization_phone_numbers in access exclusive mode")
    # Nobody keeps their login by locking a table.
    owner.execute("set statement_timeout = '10s'")
    owner.execute("select switchboard.edit_login('ann', 'admin', %s, false, null)", [[HOME]])
    ann.execute("prepare seen as select count(*) from public.integration_credentials")
    assert ann.execute("execute seen").fetchone() == (2,), "it reads as of before"
    ann.execute("commit")
    for name in ("seen", "kept"):
        with pytest.raises(psycopg.errors.SerializationFailure):
            ann.execute(f"execute {name}")
    ann.execute("deallocate all")
    assert ann.execute("select count(*) from public.integration_credentials").fetchone() == (1,)


def test_who_is_in_no_group_any_more_sees_nothing_by_what_is_left_of_one(logins: Logins) -> None:
    """A role that stays set when its membership ends, and a member's function, which anybody may call."""
    owner, ann, eve = logins["landlord"], logins["ann"], logins["eve"]
    integration = add_credential(owner, home=AWAY)
    logins.map("ann")
    for connection in (ann, eve):
        connection.execute("set role switchboard_admin")
    owner.execute("grant create on schema public to ann")
    ann.execute("reset role")
    ann.execute(
        "create function public.leak() returns bigint language sql security definer "
        "as 'select count(*) from public.integration_credentials'"
    )
    ann.execute("set role switchboard_admin")
    counting = "select count(*) from public.integration_credentials"
    with psycopg.connect(logins.conninfo("postgres"), autocommit=True) as superuser:
        owner.execute("select switchboard.remove_login('ann')")
        superuser.execute("revoke switchboard_admin from ann, eve")
        try:
            assert [connection.execute(counting).fetchone() for connection in (ann, eve)] == [(0,), (0,)]
            for act in (
                "hold_envelopes()",
                "change_setting('versions_kept', 3)",
                f"begin_open('{integration}', 'test')",
            ):
                assert refusal(lambda act=act: eve.execute(f"select switchboard.{act}"))[0] in ("SB006", "P0002"), act
        finally:
            superuser.execute("grant switchboard_admin to ann, eve")
    assert logins["free"].execute("select public.leak()").fetchone() == (0,)
    owner.execute("grant usage on schema switchboard to free")
    owner.execute("grant execute on function switchboard.may(uuid, uuid, text) to free")
    reason = f"select reason from switchboard.may('{ASHA}', '{integration}', 'view')"
    assert logins["free"].execute(reason).fetchone() == ("no permission",)
    assert logins["ann"].execute(reason).fetchone() == ("no such integration",)
    # Where the owner's functions would find no login, nobody sees everything for it.
    owner.execute("alter table switchboard.logins force row level security")
    assert refusal(lambda: eve.execute(counting))[0] == "42501"
    run_schema_files(logins.conninfo("landlord"))
    assert eve.execute(counting).fetchone() == (0,)


def test_versions_of_another_organisation_are_not_pushed_out_by_a_row_of_the_same_id(logins: Logins) -> None:
    owner, ann = logins["landlord"], logins["ann"]
    deleted = add_credential(owner, home=AWAY)
    for statement in ("update {} set credentials_encrypted = 'y'", "delete from {}"):
        owner.execute(statement.format("public.integration_credentials"))
    logins.map("ann")
    again = "insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted) "
    ann.execute(f"{again} values ('{deleted}', '{HOME}', 'zoho_mail', '0')")
    for number in range(12):
        ann.execute("update public.integration_credentials set credentials_encrypted = %s", [str(number + 1)])
    kept = f"select count(*) from switchboard.credential_versions where organization_id = '{AWAY}'"
    assert owner.execute(kept).fetchone() == (2,)


async def test_once_somebody_is_mapped_nobody_may_be_let_past_the_views_that_filter(logins: Logins) -> None:
    """Until then consoles of the version before read the unfiltered ones; the doctor names a grant that comes back."""
    unfiltered = "select count(*) from switchboard.people"
    assert logins["saul"].execute(unfiltered).fetchone() == (3,)
    owner = await psycopg.AsyncConnection.connect(logins.conninfo("landlord"), autocommit=True)
    async with owner:
        assert (await verify(owner)).drifts == ()
        logins.map("ann")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            logins["saul"].execute(unfiltered)
        assert logins["ann"].execute("select id from switchboard.visible_people").fetchall() == [(ASHA,)]
        assert (await verify(owner)).drifts == ()
        await owner.execute("grant select on switchboard.people to switchboard_support")
        assert [drift.sentence for drift in (await verify(owner)).drifts] == [
            "The grant switchboard.people to switchboard_support (select) is not Switchboard's, "
            "and nobody has accepted it."
        ]
    run_schema_files(logins.conninfo("landlord"))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        logins["saul"].execute(unfiltered)
