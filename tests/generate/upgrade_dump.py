"""Keeps what a release left in databases: `python -m tests.generate.upgrade_dump` writes tests/upgrades/NNN.sql.

NNN is the number of the schema in sql/. With --program the release itself is kept too, as release_NNN.tar.xz: the next
version's schema is tried with it. See tests/upgrades/test_upgrades.py for what has to be kept when.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tests.support.acme import ACME, ASHA, GLOBEX
from tests.support.database.log_rows import log_row
from tests.support.database.seal_tampering import KEY, seal, write_log
from tests.support.servers.postgres import TestServer
from tests.support.terminal.console_driver import add
from tui.data.schema.files import latest_number
from tui.data.schema.install import install

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer as Server

ROOT = Path(__file__).parents[2]
UPGRADES = ROOT / "tests" / "upgrades"
MAIL = {"email": "desk@acme.example", "app_password": "abcdefgh12345678"}
# A row for every table that the commands of a first week fill; ids are those of tests/support/acme.py.
ROWS = f"""
select set_config('switchboard.operator_id', '{ASHA}', false),
       set_config('switchboard.operator_label', 'asha@acme.example', false);
insert into switchboard.people_labels (id, label) values ('{ASHA}', 'Asha Rao');
insert into switchboard.organization_labels (id, name) values ('{ACME}', 'Acme'), ('{GLOBEX}', 'Globex');
insert into switchboard.send_actions (action) values ('fax_sent');
insert into public.user_integration_permissions (user_id, integration_id, can_view, can_send, daily_limit, expires_at)
select '{ASHA}', c.id, true, c.integration_type = 'zoho_mail', 100, '2031-01-01'
  from public.integration_credentials as c;
insert into public.organization_phone_numbers (organization_id, integration_id, phone_number, display_name, number_type,
                                               assigned_to_user_id, is_primary)
select '{ACME}', c.id, n.number, n.name, 'virtual', n.assignee, n.name = 'Front desk'
  from public.integration_credentials as c,
       (values ('+911141169368', 'Front desk', '{ASHA}'::uuid),
               ('080 4000 0000', 'Support', null)) as n (number, name, assignee)
 where c.integration_type = 'exotel_phone';
delete from public.user_integration_permissions as p using public.integration_credentials as c
 where c.id = p.integration_id and c.integration_type = 'exotel_phone';
insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted)
values ('{GLOBEX}', 'exotel_sms', 'no envelope');
delete from public.integration_credentials where integration_type = 'exotel_sms';
select switchboard.begin_open(c.id, 'reveal') from public.integration_credentials as c
 where c.integration_type = 'exotel_phone';
create function public.of_another_program() returns trigger language plpgsql as 'begin return new; end';
create trigger of_another_program before update on public.organization_phone_numbers
  for each row execute function public.of_another_program();
select switchboard.accept(c.kind || ' ' || c.name, encode(sha256(convert_to(c.definition, 'UTF8')), 'hex'))
  from switchboard.catalogue() as c where c.name like 'public.%of_another_program%';
insert into switchboard.rotations (xid, from_key, from_salt, to_key, to_salt, finished_at)
values ('7', 'a', 'a', 'b', 'b', now());
select switchboard.change_setting('versions_kept', 12);
insert into switchboard.logins (login, login_oid, user_id, label, role, removed_at)
values ('former_login', 1, gen_random_uuid(), 'left@acme.example', 'support', now());
insert into switchboard.login_organizations (login, organization_id) values ('former_login', '{ACME}');
insert into switchboard.checks (integration_id, begun_at, ended_at, outcome, standing, standing_since)
select c.id, now(), now(), 'verified', 'verified', now() from public.integration_credentials as c;
insert into switchboard.observations (integration_id, number, name, value)
select c.id, '+911141169368', 'number_incoming', 'active' from public.integration_credentials as c;
insert into switchboard.changes (integration_id, organization_id, integration_type, kind, told_at)
select c.id, c.organization_id, c.integration_type, 'recovered', now() from public.integration_credentials as c;
select switchboard.record_type('acme_voice', sha256('a definition'));
insert into switchboard.archives (month, row_count, sha256, first_seal, last_seal, log_row)
select '2020-01-01', 3, sha256('a file'), 1, 1,
       switchboard.write_log(null, null, null, 'log_archived', 'success', jsonb_build_object(
         'source', 'switchboard', 'month', '2020-01', 'sha256', encode(sha256('a file'), 'hex')));
insert into switchboard.removals (month, row_count) values ('2020-01-01', 3);
insert into switchboard.openings (organization_id, integration_type, kind, subject, user_id, at)
values ('{ACME}', 'zoho_mail', 'revealed', 'app_password', '{ASHA}', '2020-01-02');
"""
ROLES = """
do $do$
declare
  wanted text;
begin
  foreach wanted in array array['switchboard_admin', 'switchboard_support', 'switchboard_auditor']
  loop
    if to_regrole(wanted) is null then
      execute format('create role %I nologin', wanted);
    end if;
  end loop;
end
$do$;
"""
TABLES = """
select n.nspname || '.' || c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname in ('public', 'switchboard') and c.relkind in ('r', 'p') order by 1
"""
# What psql alone understands, and what servers before 17 do not know.
ONLY_ELSEWHERE = re.compile(r"^(\\.*|SET transaction_timeout.*)\n", re.MULTILINE)


async def write(conninfo: str) -> None:
    """Install with the groups, and do what leaves a row in every table."""
    await install(conninfo, operator_label="a release", roles=True)
    await add(conninfo)
    await add(conninfo, "zoho_mail", MAIL, policy="legacy")
    write_log(conninfo)
    with psycopg.connect(conninfo) as connection:
        connection.execute(ROWS.encode())
        log_row(connection, timed=False)
    await seal(conninfo, KEY)
    with psycopg.connect(conninfo) as connection:
        connection.execute("update public.integration_credentials set is_active = false")


def dump(server: Server, name: str) -> str:
    """The database as statements that psycopg and psql run as a superuser; the roles come first."""
    command = [server.binaries / "pg_dump", "--no-owner", "--inserts", server.conninfo(name)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    return ROLES + ONLY_ELSEWHERE.sub("", outcome.stdout)


def keep_program(place: Path) -> None:
    """Pack tui/ and sql/ as they are, without what is made from them."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if "__pycache__" in member.name:
            return None
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(place, "w:xz", preset=9) as archive:
        for folder in ("sql", "tui"):
            archive.add(ROOT / folder, folder, filter=plain)


def main() -> None:
    parser = argparse.ArgumentParser(prog="upgrade_dump", description=__doc__)
    parser.add_argument("--program", action="store_true", help="keep the program as well: for what is being released")
    chosen = parser.parse_args()
    server = TestServer()
    try:
        name = server.create_database(prefix="release")
        asyncio.run(write(server.conninfo(name)))
        with psycopg.connect(server.conninfo(name)) as connection:
            for (table,) in connection.execute(TABLES).fetchall():
                if connection.execute(f"select from {table} limit 1".encode()).fetchone() is None:
                    sys.exit(f"{table} has no row: add one to ROWS in {Path(__file__).name}.")
        text = dump(server, name)
    finally:
        server.close()
    (UPGRADES / f"{latest_number():03}.sql").write_text(text, encoding="utf-8")
    if chosen.program:
        keep_program(UPGRADES / f"release_{latest_number():03}.tar.xz")


if __name__ == "__main__":
    main()
