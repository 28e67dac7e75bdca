"""Ways of tampering with a sealed log, as its owner; run as a module it prints what verify says of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.acme import ACME, ASHA, opened
from tests.support.servers.postgres import TestServer, run_schema_files
from tui.data.seals.chain import newest_seal
from tui.data.seals.proofs.checkpoints import checkpoint_of, read_origin, tree_of_chain
from tui.data.seals.sealing import seal_log
from tui.data.seals.sealing_keys import SealKey
from tui.data.seals.verify import verify_log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui.data.seals.report import SealReport

    Owner = psycopg.AsyncConnection[tuple[object, ...]]

KEY = SealKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER_KEY = SealKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
LOG, SEALS = "public.integration_audit_logs", "switchboard.seals"
TRIGGERS = ("switchboard_append_only", "switchboard_no_truncate")
# Rows in each hour of 2026-01-01; there is none at ten.
HOURS = {8: 5, 9: 4, 11: 3}


def row_id(hour: int, number: int) -> UUID:
    """The id of a row of that day."""
    return UUID(f"00000000-0000-4000-8000-0000000{hour:02}{number:03}")


INSERT = f"""
insert into {LOG} (id, organization_id, user_id, integration_type, action, status, details, ip_address, user_agent,
                   created_at)
values (%s, %s, %s, 'exotel_phone', 'call_made', 'success', %s, '192.0.2.7', 'backend/1.0', %s)
"""


def write_log(conninfo: str) -> None:
    """Write the rows that are sealed afterwards."""
    with psycopg.connect(conninfo) as connection:
        for hour, rows in HOURS.items():
            for n in range(1, rows + 1):
                moment = f"2026-01-01 {hour:02}:{n * 7:02}:00.000{n:03}+00"
                connection.execute(INSERT, (row_id(hour, n), ACME, ASHA, f'{{"n": {n}, "to": "+91 é \\""}}', moment))


async def seal(conninfo: str, key: SealKey = KEY) -> str:
    """Seal the log; return the newest seal as it is noted down elsewhere."""
    async with opened(conninfo) as database:
        sealed = await seal_log(database, key)
    return sealed.newest_seal or ""


async def check(conninfo: str, *, public_keys: tuple[bytes, ...] = (), newest: str | None = None) -> SealReport:
    """Return the report of verify."""
    async with opened(conninfo) as database:
        return await verify_log(database, public_keys=public_keys, newest=bytes.fromhex(newest) if newest else None)


async def as_owner(conninfo: str, *statements: str) -> None:
    """Run statements past the triggers that protect the log and its seals, and put those back."""
    async with await psycopg.AsyncConnection.connect(conninfo) as owner:
        await _alter_triggers(owner, "disable")
        for statement in statements:
            await owner.execute(statement.encode())
        await _alter_triggers(owner, "enable always")


async def _alter_triggers(owner: Owner, change: str) -> None:
    for table in (LOG, SEALS):
        for trigger in TRIGGERS:
            await owner.execute(f"alter table {table} {change} trigger {trigger}".encode())


def statements_as_owner(*statements: str) -> Callable[[str], Awaitable[None]]:
    """Return what runs these statements past the triggers."""
    return lambda conninfo: as_owner(conninfo, *statements)


async def sign_everything_again(conninfo: str) -> None:
    """What an owner can do who has no sealing key, and makes one."""
    await as_owner(
        conninfo,
        f"delete from {SEALS}",
        "delete from switchboard.keys where purpose = 'seal'",
        f"update {LOG} set status = 'failed' where id = '{row_id(8, 2)}'",
        f"delete from {LOG} where action = 'log_sealed'",
    )
    await seal(conninfo, OTHER_KEY)


async def remove_the_tail_and_seal_again(conninfo: str) -> None:
    """The nightly job goes on from what is left."""
    await as_owner(
        conninfo,
        f"delete from {SEALS} where hour >= '2026-01-01 11:00+00'",
        f"delete from {LOG} where created_at >= '2026-01-01 11:00+00' and action <> 'log_sealed'",
    )
    await seal(conninfo, KEY)


async def alter_under_new_seals(conninfo: str) -> None:
    """The nightly job signs what the owner has made of the hours whose seals are gone."""
    await as_owner(
        conninfo,
        f"delete from {SEALS} where hour >= '2026-01-01 11:00+00'",
        f"delete from {LOG} where action = 'log_sealed'",
        f"update {LOG} set status = 'failed' where id = '{row_id(11, 1)}'",
    )
    await seal(conninfo, KEY)


async def remove_what_came_after_a_sealing(conninfo: str) -> None:
    """What is left ends where a sealing ended: with a checkpoint."""
    await as_owner(
        conninfo,
        f"delete from {SEALS} where hour >= '2026-01-01 11:00+00'",
        f"delete from {LOG} where created_at >= '2026-01-01 11:00+00'",
    )
    async with opened(conninfo) as database:
        newest = await newest_seal(database)
        assert newest is not None
        made_then = checkpoint_of(await database.read(read_origin), await tree_of_chain(database, newest), KEY)
    await as_owner(conninfo, f"update {SEALS} set checkpoint = '{made_then}' where hour = '2026-01-01 09:00+00'")


@dataclass(frozen=True, slots=True)
class Tampering:
    """One way: what is done, what verify has to say, and which evidence that needs beside the database.

    `like` is another way that the same comparison finds and that every run of the tests tries.
    """

    name: str
    run: Callable[[str], Awaitable[None]]
    sentences: tuple[str, ...]
    needs: str = ""
    like: str = ""


FIRST, SECOND = row_id(8, 1), row_id(8, 2)
BACK_DATED = row_id(8, 99)
ROW = f"'{BACK_DATED}', '{ACME}', null, 'zoho_mail', 'email_sent', 'success', null, null, null"
TAMPERINGS = (
    Tampering(
        "details of a row changed",
        statements_as_owner(f"update {LOG} set details = '{{\"n\": 9}}' where id = '{SECOND}'"),
        (f"In 2026-01-01 08:00 UTC row {SECOND} was altered after sealing.",),
    ),
    Tampering(
        "status of a row changed",
        statements_as_owner(f"update {LOG} set status = 'failed' where id = '{row_id(9, 4)}'"),
        (f"In 2026-01-01 09:00 UTC row {row_id(9, 4)} was altered after sealing.",),
        like="details of a row changed",
    ),
    Tampering(
        "created_at changed within the hour",
        statements_as_owner(f"update {LOG} set created_at = created_at + interval '20 minutes' where id = '{FIRST}'"),
        (f"In 2026-01-01 08:00 UTC row {FIRST} was altered after sealing.",),
        like="details of a row changed",
    ),
    Tampering(
        "a row moved into another hour",
        statements_as_owner(f"update {LOG} set created_at = created_at + interval '1 hour' where id = '{SECOND}'"),
        (
            f"In 2026-01-01 08:00 UTC row {SECOND} was moved after sealing, to 2026-01-01 09:14:00.000002",
            f"In 2026-01-01 09:00 UTC row {SECOND} was added after sealing (4 sealed, 5 there)",
        ),
    ),
    Tampering(
        "one row deleted",
        statements_as_owner(f"delete from {LOG} where id = '{SECOND}'"),
        (f"In 2026-01-01 08:00 UTC row {SECOND} was removed after sealing (5 sealed, 4 there).",),
    ),
    Tampering(
        "a whole hour deleted",
        statements_as_owner(f"delete from {LOG} where created_at < '2026-01-01 09:00+00'"),
        ("Every row of 2026-01-01 08:00 UTC was removed after sealing (5 sealed, 0 there).",),
    ),
    Tampering(
        "a back-dated row inserted",
        statements_as_owner(f"insert into {LOG} values ({ROW}, '2026-01-01 08:30+00')"),
        (
            f"In 2026-01-01 08:00 UTC row {BACK_DATED} was added after sealing (5 sealed, 6 there); "
            "it was written after the hour was sealed.",
        ),
    ),
    Tampering(
        "a back-dated row in an hour that was empty",
        statements_as_owner(f"insert into {LOG} values ({ROW}, '2026-01-01 10:30+00')"),
        (
            f"In 2026-01-01 10:00 UTC row {BACK_DATED} was added after sealing (0 sealed, 1 there); "
            "it was written after the hour was sealed.",
        ),
    ),
    Tampering(
        "a row's time taken away",
        statements_as_owner(f"update {LOG} set created_at = null where id = '{SECOND}'"),
        (
            f"In 2026-01-01 08:00 UTC row {SECOND} was moved after sealing, to no time",
            f"Among the rows without a time row {SECOND} was added after sealing (0 sealed, 1 there)",
        ),
    ),
    Tampering(
        "the tail removed with its seals, the log's own row left",
        statements_as_owner(
            f"delete from {SEALS} where hour >= '2026-01-01 11:00+00'",
            f"delete from {LOG} where created_at >= '2026-01-01 11:00+00' and action <> 'log_sealed'",
        ),
        ("of the log (", "says that a seal ", "it is not in the chain: seals were removed"),
    ),
    Tampering(
        "the same, and the log sealed again afterwards",
        remove_the_tail_and_seal_again,
        ("of the log (", "says that a seal ", "it is not in the chain: seals were removed"),
        like="the tail removed with its seals, the log's own row left",
    ),
    Tampering(
        "the tail removed with its seals and every later row",
        remove_what_came_after_a_sealing,
        ("was kept elsewhere, and it is not in the chain: seals were removed",),
        needs="newest seal",
    ),
    Tampering(
        "the newest seals removed with the log's rows about them, a row altered, and the log sealed again",
        alter_under_new_seals,
        ("was kept elsewhere, and it is not in the chain: seals were removed",),
        needs="newest seal",
    ),
    Tampering(
        "a row deleted and its seal rewritten",
        statements_as_owner(
            f"delete from {LOG} where id = '{SECOND}'",
            f"update {SEALS} set row_count = 4, row_list = null where hour = '2026-01-01 08:00+00'",
        ),
        ("The seal of 2026-01-01 08:00 UTC was altered: its signature is not that of its key.",),
    ),
    Tampering(
        "an hour removed with its seal",
        statements_as_owner(
            f"delete from {SEALS} where hour = '2026-01-01 09:00+00'",
            f"delete from {LOG} where created_at >= '2026-01-01 09:00+00' and created_at < '2026-01-01 10:00+00'",
        ),
        ("Seals are missing after that of 2026-01-01 08:00 UTC and before that of 2026-01-01 11:00 UTC",),
    ),
    Tampering(
        "two seals exchanged",
        statements_as_owner(
            f"alter table {SEALS} alter id set generated by default",
            f"update {SEALS} set id = id + 100",
            # By the whole time: the hour that the tests run in may have a seal too.
            f"update {SEALS} set id = case hour when '2026-01-01 08:00+00' then 3 when '2026-01-01 09:00+00' then 2 "
            "else id - 100 end",
            f"update {SEALS} set id = id + 100 where id > 3 and row_count = 3",
        ),
        ("The seal of 2026-01-01 08:00 UTC is out of its place.", "Seals are missing"),
    ),
    Tampering(
        "every seal removed",
        statements_as_owner(f"truncate {SEALS}"),
        ("The log has no seal, but a sealing key is recorded: every seal was removed.",),
    ),
    Tampering(
        "every seal put out of sight by its id, and the log's rows about them removed",
        statements_as_owner(
            f"alter table {SEALS} alter id set generated by default",
            f"update {SEALS} set id = id - 1000",
            f"delete from {LOG} where action = 'log_sealed'",
            f"update {LOG} set status = 'failed' where id = '{SECOND}'",
        ),
        (f"In 2026-01-01 08:00 UTC row {SECOND} was altered after sealing.",),
    ),
    Tampering(
        "a seal made unreadable",
        statements_as_owner(
            f"alter table {SEALS} alter digest drop not null",
            f"update {SEALS} set digest = null, sealed_at = 'infinity' where hour = '2026-01-01 08:00+00'",
        ),
        ("The seal of 2026-01-01 08:00 UTC was altered: its signature is not that of its key.",),
        like="a row deleted and its seal rewritten",
    ),
    Tampering(
        "the table of seals dropped",
        lambda conninfo: _switch_off(conninfo, f"drop table {SEALS}"),
        ("The table switchboard.seals is missing: every seal was removed.",),
    ),
    Tampering(
        "the key replaced and everything signed anew",
        sign_everything_again,
        ("which is not among the public keys to trust.",),
        needs="public key",
    ),
    Tampering(
        "the public key's record altered",
        statements_as_owner(
            "update switchboard.keys set public_key = decode(repeat('07', 32), 'hex') where purpose = 'seal'"
        ),
        ("was altered: it holds another public key.",),
    ),
    Tampering(
        "the log's protecting trigger switched off",
        lambda conninfo: _switch_off(conninfo, f"alter table {LOG} disable trigger switchboard_append_only"),
        ("The trigger public.integration_audit_logs.switchboard_append_only is switched off.",),
    ),
    Tampering(
        "the trigger that writes the log dropped",
        lambda conninfo: _switch_off(
            conninfo, "drop trigger switchboard_log_change on public.user_integration_permissions"
        ),
        ("The trigger public.user_integration_permissions.switchboard_log_change is missing.",),
        like="the log's protecting trigger switched off",
    ),
    Tampering(
        "the protecting function emptied",
        lambda conninfo: _switch_off(
            conninfo,
            "create or replace function switchboard.refuse_change() returns trigger language plpgsql "
            "set search_path = pg_catalog, pg_temp as 'begin return new; end'",
        ),
        ("The function switchboard.refuse_change() is not as it was installed.",),
        like="the log's protecting trigger switched off",
    ),
    Tampering(
        "a rule that swallows new rows",
        lambda conninfo: _switch_off(conninfo, f"create rule quiet as on insert to {LOG} do instead nothing"),
        ("The rule public.integration_audit_logs.quiet can swallow or change what is written.",),
        like="the log's protecting trigger switched off",
    ),
    Tampering(
        "a trigger that swallows new rows",
        lambda conninfo: _switch_off(
            conninfo,
            "create function public.quiet() returns trigger language plpgsql as 'begin return null; end'; "
            f"create trigger quiet before insert on {LOG} for each row execute function public.quiet()",
        ),
        ("The trigger public.integration_audit_logs.quiet can swallow or change what is written.",),
        like="the log's protecting trigger switched off",
    ),
    Tampering(
        "secrets opened without a row in the log",
        lambda conninfo: _switch_off(
            conninfo,
            "create or replace function switchboard.begin_open(integration_id uuid, purpose text) returns uuid "
            "language plpgsql security definer set search_path = pg_catalog, pg_temp as 'begin return null; end'",
        ),
        ("The function switchboard.begin_open(uuid,text) is not as it was installed.",),
        like="the log's protecting trigger switched off",
    ),
    Tampering(
        "rows hidden from those who are not the owner",
        lambda conninfo: _switch_off(
            conninfo, f"create policy quiet on {LOG} as restrictive for select to public using (action <> 'call_made')"
        ),
        ("The policy public.integration_audit_logs.quiet can hide rows.",),
        like="the log's protecting trigger switched off",
    ),
)


async def _switch_off(conninfo: str, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(conninfo) as owner:
        await owner.execute(statement.encode())


async def tamper_and_check(tampering: Tampering, conninfo: str, newest: str) -> tuple[SealReport, SealReport]:
    """Tamper with a sealed log; return what verify says from the database alone, and with what else that needs."""
    await tampering.run(conninfo)
    alone = await check(conninfo)
    if not tampering.needs:
        return alone, alone
    return alone, await check(conninfo, public_keys=(KEY.public_key,), newest=newest)


def main() -> None:
    """Print the table: each way, and the first sentences of verify."""
    server = TestServer()
    try:
        name = server.create_database(prefix="sealed")
        run_schema_files(server.conninfo(name))
        write_log(server.conninfo(name))
        newest = asyncio.run(seal(server.conninfo(name)))
        print("| tampering | needs | what verify says |\n|---|---|---|")
        for tampering in TAMPERINGS:
            conninfo = server.conninfo(server.create_database(template=name))
            _, with_evidence = asyncio.run(tamper_and_check(tampering, conninfo, newest))
            sentences = " ".join(finding.sentence for finding in with_evidence.findings[: len(tampering.sentences) + 1])
            print(f"| {tampering.name} | {tampering.needs or '-'} | {sentences} |")
    finally:
        server.close()


if __name__ == "__main__":
    main()
