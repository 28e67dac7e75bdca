"""Proofs of rows: made from the log, checked by us and by docs/check_proof.py, and refused with one byte changed."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.support.acme import opened
from tests.support.commands import execute
from tests.support.database.seal_tampering import KEY, LOG, OTHER_KEY, SEALS, as_owner, row_id, seal, write_log
from tui.data.seals import hours as seal_hours
from tui.data.seals import sealing
from tui.data.seals.chain import newest_seal, seals_of
from tui.data.seals.hours import TEXT, pages_of
from tui.data.seals.proofs.checkpoints import read_stored
from tui.data.seals.proofs.merkle import path_of
from tui.data.seals.proofs.notes import Checkpoint, NoteError, read_checkpoint
from tui.data.seals.proofs.proof import NotProvenError, Place, Proof, check_proof, read_proof
from tui.data.seals.proofs.proving import prove_row
from tui.errors import CheckFailed, NotFound, NotProvable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tui.data.postgres.database import Database

CHECKER = Path(__file__).parents[4] / "docs" / "check_proof.py"
KEYS = [KEY.public_key]
# What other programs and people write: every kind of value in every column that may hold it.
RANDOM_ROWS = f"""
insert into {LOG} (organization_id, user_id, integration_type, action, status, details, ip_address, user_agent,
                   created_at)
select gen_random_uuid(), case when n %% 3 = 0 then gen_random_uuid() end, left(md5(n::text), n %% 33),
       E'a"\\\\\\n\\u2028 \\U0001F600' || n, case when n %% 2 = 0 then 'success' else 'failed' end,
       case n %% 9 when 0 then null when 1 then to_jsonb(n * 1e300::numeric)
                   when 2 then jsonb_build_object(md5(random()::text), repeat(chr(n %% 1000 + 200), n %% 50), 'n', 1.50)
                   when 6 then to_jsonb(repeat('9', 6000)::numeric) when 7 then '[1.5e-400, 0.10]'
                   when 8 then (repeat('[', 2000) || repeat(']', 2000))::jsonb
                   when 3 then '[null, true, {{}}, "\\\\u0001"]' else to_jsonb(E'\\n\\n\\u2014 x y'::text) end,
       case when n %% 4 = 0 then inet '2001:db8::1' + n end, case when n %% 7 = 0 then E'\\x7f\\t\\n\\n' end,
       timestamptz '2026-01-01 08:00+00' + random() * random() * interval '40 hours'
  from generate_series(1, %s) n
"""


def independent_check() -> Callable[[bytes, list[bytes]], tuple[str, list[Any]]]:
    """The function `check` of the checker that stands in the documents."""
    spec = importlib.util.spec_from_file_location("check_proof", CHECKER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[[bytes, list[bytes]], tuple[str, list[Any]]] = module.check
    return function


def is_proven(proof: bytes, keys: list[bytes]) -> bool:
    """Whether Switchboard takes it."""
    try:
        check_proof(read_proof(proof.decode()), keys)
    except (UnicodeDecodeError, NoteError, NotProvenError):
        return False
    return True


async def every_proof(database: Database) -> AsyncIterator[tuple[UUID, Proof]]:
    """The proofs of all sealed rows, from one reading of each hour."""
    newest = await newest_seal(database)
    assert newest is not None
    chain = [link async for link in seals_of(database, newest.id)]
    leaves = b"".join(link.leaf() for link in chain)
    checkpoint = read_checkpoint(await database.read(lambda connection: read_stored(connection, newest)) or "")
    for place, link in enumerate(chain):
        pages = [page async for page in pages_of(database, link.hour, 2)]
        in_hour = b"".join(page.leaves for page in pages)
        ids = b"".join(page.row_list for page in pages)
        of_chain = Place(place, path_of(leaves, place))
        wanted = [UUID(bytes=ids[at : at + 16]) for at in range(0, len(ids), 24)]
        texts = await database.fetch_all(
            f"select id, {TEXT} as text from {LOG} as l where id = any(%(ids)s)", {"ids": wanted}
        )
        by_id = {row["id"]: bytes(row["text"]).decode() for row in texts}
        for index, row in enumerate(wanted):
            of_hour = Place(index, path_of(in_hour, index))
            yield row, Proof(by_id[row], of_hour, link.statement().decode(), link.signature, of_chain, checkpoint)


@pytest.mark.parametrize("rows", [200, pytest.param(10_000, marks=pytest.mark.long)])
async def test_random_rows_are_proven_to_a_checker_that_is_not_ours(
    installed_database: str, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(seal_hours, "ROWS_OF_A_PAGE", 7)
    execute(installed_database, RANDOM_ROWS, rows)
    await seal(installed_database)
    check = independent_check()
    proven = 0
    async with opened(installed_database) as database:
        async for row, proof in every_proof(database):
            text = str(proof)
            checked = check_proof(read_proof(text), KEYS)
            checked_row, statement = check(text.encode(), KEYS)
            assert checked_row == checked.row == proof.row
            assert (statement[1], statement[2]) == (checked.hour, checked.rows_in_hour)
            assert len(text.encode()) - len(proof.row.encode()) <= 2_500
            if proven % 100 == 0:
                assert str(await prove_row(database, row)) == text
            proven += 1
    assert proven == rows


@pytest.mark.parametrize("others", [1, pytest.param(255, marks=pytest.mark.long)])
async def test_a_proof_with_one_byte_changed_is_refused(installed_database: str, others: int) -> None:
    write_log(installed_database)
    await seal(installed_database)
    async with opened(installed_database) as database:
        proof = str(await prove_row(database, row_id(9, 3))).encode()
    check = independent_check()
    assert check(proof, KEYS) and is_proven(proof, KEYS)
    for place in range(len(proof)):
        for change in range(1, others + 1):
            altered = bytearray(proof)
            # Alone, the lowest bit: it makes of most letters of base64 another one.
            altered[place] ^= change
            assert not is_proven(bytes(altered), KEYS), (place, change)
            with pytest.raises(Exception):  # noqa: B017
                check(bytes(altered), KEYS)
    for cut in range(len(proof)):
        assert not is_proven(proof[:cut], KEYS)
    for more in (b"\n", b" ", b"x"):
        assert not is_proven(proof + more, KEYS)
        assert not is_proven(more + proof, KEYS)


async def test_a_proof_is_of_its_row_under_its_key_and_tells_of_others_their_number(installed_database: str) -> None:
    write_log(installed_database)
    await seal(installed_database)
    async with opened(installed_database) as database:
        first, second = [await prove_row(database, row_id(8, n)) for n in (1, 2)]
    # With paths as they are for an hour of 100,000 rows, and in a chain of ten years.
    path = (bytes(32),) * 17
    largest = replace(first, in_hour=Place(99_999, path), in_chain=Place(87_599, path))
    assert len(str(largest).encode()) - len(first.row) <= 2_500
    proven = check_proof(first, KEYS)
    assert (proven.place, proven.rows_in_hour, proven.hour) == (1, 5, 1_767_254_400)
    assert json.loads(proven.row)[0] == str(row_id(8, 1)) and json.loads(proven.row)[4] == "call_made"
    text = str(first)
    for n in range(2, 6):
        assert str(row_id(8, n)) not in text and row_id(8, n).hex not in text
    with pytest.raises(NotProvenError, match="not signed with a public key that was given"):
        check_proof(first, [OTHER_KEY.public_key])
    # Whoever has the sealing key may sign anything; it is refused all the same.
    for place, value in (
        (2, "5"),
        (2, None),
        (2, 5.0),
        (4, 7),
        (11, []),
        (0, "switchboard seal 1"),
        (0, "switchboard seal 3"),
    ):
        parts = json.loads(first.statement)
        parts[place] = value
        signed = json.dumps(parts)
        with pytest.raises(NotProvenError, match="not one of version 2"):
            check_proof(replace(first, statement=signed, signature=KEY.sign(signed.encode())), KEYS)
    # The row of one in the place of the other.
    with pytest.raises(NotProvenError, match="not one of those that were sealed"):
        check_proof(replace(first, row=second.row), KEYS)


async def test_a_row_that_no_seal_of_version_2_is_over_has_no_proof(
    installed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(installed_database)
    async with opened(installed_database) as database:
        with pytest.raises(NotFound):
            await prove_row(database, row_id(1, 1))
        with pytest.raises(NotProvable, match="The row is not under a seal: there is none of 2026-01-01 08:00 UTC"):
            await prove_row(database, row_id(8, 1))
        monkeypatch.setattr(sealing, "VERSION", 1)
        monkeypatch.setattr(
            seal_hours,
            "SETTLED_MIN",
            int((datetime.now(UTC) - datetime(2026, 1, 1, 10, tzinfo=UTC)).total_seconds() // 60),
        )
        await as_owner(installed_database, f"alter table {SEALS} drop constraint seals_of_version_2")
        await seal(installed_database)
        monkeypatch.undo()
        await seal(installed_database)
        with pytest.raises(NotProvable, match="version 1"):
            await prove_row(database, row_id(8, 1))
        first = Checkpoint("switchboard/x", 3, bytes(32))
        with pytest.raises(NotProvable, match="over 3 seals, and that of the row is a later one"):
            await prove_row(database, row_id(11, 2), first)
        with pytest.raises(CheckFailed, match="Its checkpoint is not signed"):
            await prove_row(database, row_id(11, 2), replace(first, size=5))
        proof = await prove_row(database, row_id(11, 2))
        assert check_proof(proof, KEYS).seal_place == 4
        await as_owner(installed_database, f"update {LOG} set status = 'failed' where id = '{row_id(11, 1)}'")
        with pytest.raises(CheckFailed, match="The rows of 2026-01-01 11:00 UTC are not as they were sealed"):
            await prove_row(database, row_id(11, 2))
        await as_owner(
            installed_database,
            f"update {LOG} set status = 'success' where id = '{row_id(11, 1)}'",
            f"update {SEALS} set checkpoint = replace(checkpoint, 'switchboard/', 'switchboard/x')",
        )
        with pytest.raises(CheckFailed, match="Its checkpoint is not signed"):
            await prove_row(database, row_id(11, 2))
