"""Seals of version 2: after those of version 1, with the root of each hour, and of large hours with those of blocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.acme import opened
from tests.support.commands import execute
from tests.support.database.seal_tampering import KEY, LOG, SEALS, as_owner, check, row_id, seal, write_log
from tui.data.seals import hour_digest, sealing
from tui.data.seals import hours as seal_hours
from tui.data.seals.chain import newest_seal, seal_of_hour, seals_of
from tui.data.seals.changed_blocks import first_changed_block
from tui.data.seals.proofs.merkle import Subtrees, leaf_hash, path_of, root_by_path, root_of

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION_2 = "seals_of_version_2"
TEN = datetime(2026, 1, 1, 10, tzinfo=UTC)
MANY = f"""
insert into {LOG} (organization_id, integration_type, action, status, created_at)
select gen_random_uuid(), 'x', 'call_made', 'success', timestamptz '2026-01-01 08:00+00' + n * interval '0.1 second'
  from generate_series(1, 10000) n
"""


def root_as_defined(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word; of hashes of leaves."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    return sha256(b"\1" + root_as_defined(leaves[:left]) + root_as_defined(leaves[left:])).digest()


def path_as_defined(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(leaves) < 2:
        return []
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    if index < left:
        return [*path_as_defined(index, leaves[:left]), root_as_defined(leaves[left:])]
    return [*path_as_defined(index - left, leaves[left:]), root_as_defined(leaves[:left])]


def test_roots_and_paths_are_those_of_rfc_6962() -> None:
    random = Random(6962)
    for size in (*range(20), 31, 32, 33, 100):
        leaves = [leaf_hash(random.randbytes(random.randrange(9, 40))) for _ in range(size)]
        root = root_of(b"".join(leaves))
        in_parts = Subtrees().with_leaves(b"".join(leaves[: size // 3])).with_leaves(b"".join(leaves[size // 3 :]))
        assert (in_parts.size, in_parts.root(), in_parts.is_whole) == (size, root, True)
        assert root == root_as_defined(leaves)
        for index, leaf in enumerate(leaves):
            path = path_of(b"".join(leaves), index)
            assert list(path) == path_as_defined(index, leaves)
            assert root_by_path(leaf, index, size, path) == root
            wrong = [(index + 1, size, path), (index, size, (*path, leaf)), (-1, size, path)]
            if size > 1:
                wrong += [(index, size, path[1:]), (index, size, (leaf_hash(b""), *path[1:]))]
            assert all(root_by_path(leaf, *each) != root for each in wrong)
    # Known answers of certificate-transparency-go, for the leaves "", "\0" and "\x10".
    known = b"".join(map(leaf_hash, (b"", b"\0", b"\x10")))
    assert root_of(known).hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"


def test_an_hour_is_digested_alike_in_parts_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hour_digest, "ROWS_OF_A_BLOCK", 4)
    monkeypatch.setattr(hour_digest, "BLOCK_BYTES", 4 * 32)
    random = Random(2)
    for size in (0, 1, 3, 4, 5, 8, 9, 40, 41):
        leaves = random.randbytes(32 * size)
        parts = hour_digest.HourDigest(2)
        at = 0
        while at < size:
            rows = random.randrange(1, 9)
            parts.add(leaves[32 * at : 32 * (at + rows)])
            at += rows
        hour = parts.finish(0)
        assert (hour.row_count, hour.digest, hour.root) == (size, sha256(leaves).digest(), root_of(leaves))
        assert hour.block_roots == b"".join(root_of(leaves[at : at + 128]) for at in range(0, len(leaves), 128))


async def seal_as_version_1(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Seal what was before ten as the release before did."""
    with monkeypatch.context() as patched:
        patched.setattr(sealing, "VERSION", 1)
        patched.setattr(seal_hours, "SETTLED_MIN", int((datetime.now(UTC) - TEN).total_seconds() // 60))
        await as_owner(conninfo, f"alter table {SEALS} drop constraint {VERSION_2}")
        newest = await seal(conninfo)
        await as_owner(
            conninfo,
            f"update {SEALS} set checkpoint = null, block_roots = null",
            f"alter table {SEALS} add constraint {VERSION_2} check (root is not null) not valid",
        )
    return newest


async def test_a_chain_goes_on_in_version_2_and_never_back(
    installed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(installed_database)
    last_of_1 = await seal_as_version_1(installed_database, monkeypatch)
    assert (await check(installed_database)).is_well
    await seal(installed_database)
    async with opened(installed_database) as database:
        newest = await newest_seal(database)
        assert newest is not None
        chain = [link async for link in seals_of(database, newest.id)]
    assert [link.version for link in chain] == [1, 1, 1, 2, 2]
    assert chain[3].previous is not None and chain[3].previous.hex() == last_of_1
    report = await check(installed_database, public_keys=(KEY.public_key,), newest=last_of_1)
    assert (report.findings, report.rows) == ([], 12)
    with pytest.raises(psycopg.errors.CheckViolation, match=VERSION_2):
        execute(
            installed_database,
            f"insert into {SEALS} (hour, row_count, digest, key_id, signature) "
            f"select '2126-01-01', 0, digest, key_id, signature from {SEALS} where root is null limit 1",
        )
    # Rows of both are named.
    altered = f"update {LOG} set status = 'failed' where id in ('{row_id(8, 2)}', '{row_id(11, 1)}')"
    await as_owner(installed_database, altered)
    found = {(finding.kind, finding.row) for finding in (await check(installed_database)).findings}
    assert found == {("altered", row_id(8, 2)), ("altered", row_id(11, 1))}
    await as_owner(installed_database, altered.replace("failed", "success"))
    # A root beside a seal of version 1 makes it another statement, and the hours behind it are still judged by theirs.
    await as_owner(installed_database, f"update {SEALS} set root = digest where hour = '2026-01-01 08:00+00'")
    assert [finding.kind for finding in (await check(installed_database)).findings] == ["seal"]
    # With the constraint away and the key at hand.
    monkeypatch.setattr(sealing, "VERSION", 1)
    monkeypatch.setattr(seal_hours, "SETTLED_MIN", -60)
    await as_owner(installed_database, f"alter table {SEALS} drop constraint {VERSION_2}")
    await seal(installed_database)
    sentences = [finding.sentence for finding in (await check(installed_database)).findings]
    assert [sentence for sentence in sentences if "is of version 1, and the one before of version 2" in sentence]
    assert [sentence for sentence in sentences if "root IS NOT NULL" in sentence]


async def test_a_root_of_other_rows_is_found_though_the_digest_is_right(installed_database: str) -> None:
    """Whoever seals could else prove rows that never were."""
    write_log(installed_database)
    await seal(installed_database)
    async with opened(installed_database) as database:
        newest = await newest_seal(database)
        assert newest is not None
        before = [link async for link in seals_of(database, newest.id)][-2]
        assert before.hour is not None
    other = replace(before, root=leaf_hash(b"a row that never was"))
    changes = {"root": other.root, "signature": KEY.sign(other.statement())}
    for name, value in changes.items():
        assert value is not None
        await as_owner(installed_database, f"update {SEALS} set {name} = '\\x{value.hex()}' where id = {before.id}")
    findings = (await check(installed_database)).findings
    assert ("hour", before.hour) in {(finding.kind, finding.hour) for finding in findings}


async def test_of_a_large_hour_the_block_is_named(installed_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hour_digest, "LARGEST_LISTED", 9_000)
    execute(installed_database, MANY)
    await seal(installed_database)
    ((row_list, blocks),) = execute(
        installed_database, f"select row_list, block_roots from {SEALS} where row_count = 10000"
    )
    assert (row_list, len(blocks)) == (None, 3 * 32)
    assert (await check(installed_database)).is_well
    async with opened(installed_database) as database:
        sealed = await seal_of_hour(database, int(datetime(2026, 1, 1, 8, tzinfo=UTC).timestamp()))
        assert sealed is not None
        rows = await seal_hours.digest_in_pages(database, sealed.hour, 2)
        assert await first_changed_block(database, sealed, rows) is None
    place = f"select id from {LOG} where action = 'call_made' order by created_at offset 5000 limit 1"
    await as_owner(installed_database, f"update {LOG} set status = 'failed' where id = ({place})")
    (finding,) = (await check(installed_database)).findings
    assert (finding.kind, finding.sentence) == (
        "hour",
        "The rows 4097 to 8192 of 2026-01-01 08:00 UTC, written from 2026-01-01 08:06:49.7+00 to "
        "2026-01-01 08:13:39.2+00, are not as they were sealed (10000 sealed, 10000 there).",
    )
    await as_owner(installed_database, f"delete from {LOG} where id = ({place})")
    (finding,) = (await check(installed_database)).findings
    assert "The rows 4097 to 8192 of" in finding.sentence
    assert "nor 1 block is behind them (10000 sealed, 9999 there)" in finding.sentence
    # Roots of blocks that are not those of the signed root say nothing.
    other = "set_byte(block_roots, 0, 255 - get_byte(block_roots, 0))"
    await as_owner(installed_database, f"update {SEALS} set block_roots = {other}")
    (finding,) = (await check(installed_database)).findings
    assert "no list names them" in finding.sentence
