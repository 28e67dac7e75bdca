"""Checkpoints: what somebody can rewrite who owns the database and has the sealing key, and who signs them as well."""

from __future__ import annotations

import asyncio
import base64
import struct
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tests.support.acme import opened
from tests.support.commands import execute
from tests.support.database.seal_tampering import (
    KEY,
    LOG,
    OTHER_KEY,
    SEALS,
    as_owner,
    check,
    row_id,
    seal,
    write_log,
)
from tui.data.seals import hours as seal_hours
from tui.data.seals import sealing
from tui.data.seals.chain import newest_seal, seals_of
from tui.data.seals.hours import digest_in_pages
from tui.data.seals.proofs.checkpoints import checkpoint_of, make_checkpoint, read_checkpoint_of_newest, read_origin
from tui.data.seals.proofs.cosigning import cosign, verifier_of
from tui.data.seals.proofs.merkle import Subtrees
from tui.data.seals.proofs.notes import (
    Checkpoint,
    NoteError,
    VerifierKey,
    cosignature,
    read_checkpoint,
    read_verifier_key,
)
from tui.data.seals.proofs.old_checkpoints import KeptCheckpoints
from tui.data.seals.proofs.proof import NotProvenError, check_proof
from tui.data.seals.proofs.proving import prove_row
from tui.data.seals.sealing_keys import SealKey
from tui.data.seals.verify import verify_log
from tui.errors import CheckFailed, InvalidInput, SealKeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer
    from tui.data.seals.chain import Seal
    from tui.data.seals.report import SealReport

TEN = datetime(2026, 1, 1, 10, tzinfo=UTC)
OWN_KEY = SealKey(Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32))
ROW = row_id(8, 2)
OF_EIGHT = "operator = case when hour = '2026-01-01 08:00+00'"
# What is done to rows that were sealed before ten, or to their seals.
REWRITES = {
    "a status": f"update {LOG} set status = 'failed' where id = '{ROW}'",
    "details": f"update {LOG} set details = '{{}}' where id = '{ROW}'",
    "who did it": f"update {LOG} set user_id = null where id = '{ROW}'",
    "a time within its hour": f"update {LOG} set created_at = created_at + interval '1 microsecond' where id = '{ROW}'",
    "a row moved to another hour": f"update {LOG} set created_at = created_at + interval '1 hour' where id = '{ROW}'",
    "a row removed": f"delete from {LOG} where id = '{ROW}'",
    "a row added": f"insert into {LOG} select gen_random_uuid(), organization_id, user_id, integration_type, action, "
    f"status, details, ip_address, user_agent, created_at from {LOG} where id = '{ROW}'",
    "two rows exchanged": f"update {LOG} set created_at = timestamptz '2026-01-01 08:21:00.000005+00' - (created_at - "
    f"'2026-01-01 08:00+00') where id in ('{row_id(8, 1)}', '{ROW}')",
    "an hour removed with its seal": f"delete from {LOG} where created_at < '2026-01-01 09:00+00'; "
    f"delete from {SEALS} where hour = '2026-01-01 08:00+00'",
    "who sealed it": f"update {SEALS} set operator = 'somebody else' where hour = '2026-01-01 08:00+00'",
}
IN_EVERY_RUN = {"a status", "an hour removed with its seal", "who sealed it"}


async def chain_of(conninfo: str) -> list[Seal]:
    async with opened(conninfo) as database:
        newest = await newest_seal(database)
        return [] if newest is None else [link async for link in seals_of(database, newest.id)]


async def sign_again(conninfo: str) -> None:
    """What somebody with the key does to make the whole chain, its checkpoint and the log agree with the rows."""
    statements, previous, leaves = [], None, b""
    async with opened(conninfo) as database:
        origin = await database.read(read_origin)
        for link in await chain_of(conninfo):
            rows = await digest_in_pages(database, link.hour, 2, listed=True)
            assert rows.row_list is not None
            made = replace(
                link,
                row_count=rows.row_count,
                digest=rows.digest,
                root=rows.root,
                list_digest=sha256(rows.row_list).digest(),
                previous=previous,
            )
            made = replace(made, signature=KEY.sign(made.statement()))
            previous, leaves = made.fingerprint(), leaves + made.leaf()
            values = {"digest": rows.digest, "root": rows.root, "row_list": rows.row_list, "signature": made.signature}
            parts = [f"{name} = '\\x{(value or b'').hex()}'" for name, value in values.items()]
            named = "null" if made.previous is None else f"'\\x{made.previous.hex()}'"
            checkpoint = checkpoint_of(origin, Subtrees().with_leaves(leaves), KEY)
            note = f"case when checkpoint is not null then '{checkpoint}' end"
            statements.append(
                f"update {SEALS} set row_count = {rows.row_count}, previous = {named}, checkpoint = {note}, "
                f"{', '.join(parts)} where id = {link.id}"
            )
    assert previous is not None
    logged = f'"{previous.hex()}"'
    statements.append(
        f"update {LOG} set details = jsonb_set(details, '{{newest_seal}}', '{logged}') where action = 'log_sealed'"
    )
    await as_owner(conninfo, *statements)


async def check_kept(conninfo: str, *checkpoints: Checkpoint) -> SealReport:
    async with opened(conninfo) as database:
        return await verify_log(database, public_keys=(KEY.public_key,), kept=KeptCheckpoints(checkpoints))


async def newest_checkpoint(conninfo: str) -> Checkpoint:
    async with opened(conninfo) as database:
        checkpoint = await read_checkpoint_of_newest(database)
    assert checkpoint is not None
    return checkpoint


@pytest.fixture(scope="module")
def sealed_twice(postgres: TestServer, installed_template: str) -> tuple[str, Checkpoint]:
    """The name of a database that was sealed until ten, and again later, and the checkpoint of then."""
    name = postgres.create_database(template=installed_template, prefix="template_twice")
    conninfo = postgres.conninfo(name)
    write_log(conninfo)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(seal_hours, "SETTLED_MIN", int((datetime.now(UTC) - TEN).total_seconds() // 60))
        asyncio.run(seal(conninfo))
    old = asyncio.run(newest_checkpoint(conninfo))
    # One row for both, so that a rewriting has one to put right.
    execute(conninfo, "alter table integration_audit_logs disable trigger switchboard_append_only")
    execute(conninfo, f"delete from {LOG} where action = 'log_sealed'")
    execute(conninfo, "alter table integration_audit_logs enable always trigger switchboard_append_only")
    asyncio.run(seal(conninfo))
    return name, old


@pytest.fixture
def twice(postgres: TestServer, sealed_twice: tuple[str, Checkpoint]) -> Iterator[tuple[str, Checkpoint]]:
    """A copy of it, by its connection URI."""
    name = postgres.create_database(template=sealed_twice[0], prefix="twice")
    yield postgres.conninfo(name), sealed_twice[1]
    postgres.drop_database(name)


async def test_a_log_that_was_only_gone_on_with_extends_each_checkpoint(twice: tuple[str, Checkpoint]) -> None:
    conninfo, old = twice
    honest = await check_kept(conninfo, await newest_checkpoint(conninfo), old)
    assert honest.findings == []
    assert [(kept.seals, kept.is_extended) for kept in honest.checkpoints] == [(3, True), (5, True)]


@pytest.mark.parametrize(
    "rewrite",
    # Of a row, of a row and its seal, and of a seal alone: all the others are found by the same comparison.
    [name if name in IN_EVERY_RUN else pytest.param(name, marks=pytest.mark.long) for name in REWRITES],
)
async def test_what_is_rewritten_with_the_sealing_key_is_found_by_an_old_checkpoint_alone(
    twice: tuple[str, Checkpoint], rewrite: str
) -> None:
    conninfo, old = twice
    await as_owner(conninfo, *REWRITES[rewrite].split("; "))
    await sign_again(conninfo)
    # Everything in the database agrees with everything else.
    assert (await check(conninfo, public_keys=(KEY.public_key,))).findings == []
    report = await check_kept(conninfo, old)
    (finding,) = report.findings
    assert finding.kind == "checkpoint"
    assert "of the checkpoint of 3 seals: seals were made again" in finding.sentence
    assert "to 2026-01-01 0" in finding.sentence or "to 2026-01-01 1" in finding.sentence
    assert [(kept.seals, kept.is_extended) for kept in report.checkpoints] == [(3, False)]


async def test_the_hours_between_two_checkpoints_are_named(twice: tuple[str, Checkpoint]) -> None:
    conninfo, old = twice
    newest = await newest_checkpoint(conninfo)
    await as_owner(conninfo, f"update {LOG} set status = 'failed' where id = '{row_id(11, 1)}'")
    await sign_again(conninfo)
    report = await check_kept(conninfo, newest, old)
    assert [(kept.seals, kept.is_extended) for kept in report.checkpoints] == [(3, True), (5, False)]
    (finding,) = report.findings
    assert finding.sentence.startswith("The seals from 2026-01-01 11:00 UTC to ")
    # Two over as many seals, both signed: the log extends one, and the other is named in whichever order they come.
    fork = await newest_checkpoint(conninfo)
    for kept in ((newest, old, fork), (fork, newest, old)):
        (finding,) = (await check_kept(conninfo, *kept)).findings
        assert finding.sentence.startswith("The seals from 2026-01-01 11:00 UTC to ")
    # Whoever takes the newest seals away as well leaves too few.
    await as_owner(
        conninfo,
        f"delete from {SEALS} where hour >= '2026-01-01 11:00+00'",
        f"delete from {LOG} where created_at >= '2026-01-01 11:00+00'",
    )
    sentences = [finding.sentence for finding in (await check_kept(conninfo, newest)).findings]
    assert "Seals were removed after the checkpoint of 5 seals: there are 3." in sentences
    await as_owner(conninfo, f"truncate {SEALS}", "delete from switchboard.keys where purpose = 'seal'")
    sentences = [finding.sentence for finding in (await check_kept(conninfo, old)).findings]
    assert "Seals were removed after the checkpoint of 3 seals: there are 0." in sentences


async def test_a_checkpoint_of_another_log_or_key_or_altered_is_none_of_this_log(
    twice: tuple[str, Checkpoint],
) -> None:
    conninfo, old = twice
    other = replace(old, origin="switchboard/of-another")
    (finding,) = (await check_kept(conninfo, other)).findings
    assert finding.sentence.startswith("Of another log is the checkpoint of 3 seals: its origin is switchboard/of-")
    for unsigned in (replace(old, size=4), replace(old, root=bytes(32)), replace(old, signatures=())):
        (finding,) = (await check_kept(conninfo, unsigned)).findings
        assert finding.sentence.startswith("Not signed with a public key to trust is the checkpoint of ")
    # The log's own name for itself: what else is found is said as well, and no key signs lines of the owner's.
    for changed, sentence in (
        ("'switchboard/of-another'", "The newest seal's checkpoint is of switchboard/"),
        (f"E'{old.origin}\\n3\\nAAAA'", "The log has no origin, by which checkpoints name it"),
        ("'a b'", "The log has no origin, by which checkpoints name it"),
    ):
        await as_owner(conninfo, f"update switchboard.settings set text_value = {changed} where name = 'origin'")
        assert sentence in (await check_kept(conninfo)).findings[0].sentence
        assert len((await check_kept(conninfo, replace(old, signatures=()))).findings) == 2
    with pytest.raises(CheckFailed, match="has no origin"):
        await sign_again(conninfo)
    await as_owner(conninfo, f"update switchboard.settings set text_value = '{old.origin}' where name = 'origin'")
    # The one in the database, replaced by an older one that is genuine, and by one that nobody signed.
    newest = await newest_checkpoint(conninfo)
    unsigned = replace(newest, signatures=(newest.signatures[0]._replace(signature=bytes(64)),))
    for other in (unsigned, old):
        await as_owner(conninfo, f"update {SEALS} set checkpoint = '{other}' where checkpoint is not null")
        (finding,) = (await check(conninfo)).findings
        assert finding.sentence == "The checkpoint of the newest seal is not one of the seals that are there."
    async with opened(conninfo) as database:
        with pytest.raises(CheckFailed, match="not one of the seals that are there"):
            await read_checkpoint_of_newest(database)


def test_notes_are_those_of_the_specifications() -> None:
    checkpoint = checkpoint_of("switchboard/0123456789ab", Subtrees().with_leaves(bytes(64)), KEY)
    text, lines = str(checkpoint).split("\n\n")
    assert text.split("\n") == [
        "switchboard/0123456789ab",
        "2",
        base64.b64encode(sha256(b"\1" + bytes(64)).digest()).decode(),
    ]
    mark, name, value = lines.strip("\n").split(" ")
    assert (mark, name) == ("\N{EM DASH}", "switchboard/0123456789ab")
    data = base64.b64decode(value)
    assert data[:4] == sha256(name.encode() + b"\n\x01" + KEY.public_key).digest()[:4]
    Ed25519PublicKey.from_public_bytes(KEY.public_key).verify(data[4:], f"{text}\n".encode())
    assert 190 <= len(str(checkpoint).encode()) <= 215
    # One from c2sp.org/tlog-checkpoint, whose log nobody here knows.
    example = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9"
        "nTo+zyWE+xeMcTOAYQ8=\n"
        "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5"
        "nNo0xUe+mbIUBkBIfZ+qnA==\n"
    )
    assert str(read_checkpoint(example)) == example
    assert read_checkpoint(example).size == 20852163
    for broken in (
        example[:-1],
        example.replace("20852163", "020852163"),
        example.replace("20852163", "0"),
        example.replace("20852163\n", "20852163\nmore\n"),
        example.replace("CsUY", "Cs"),
        example.replace("AYQ8=", "AYQ9="),
        example.replace("\u2014 witness", "- witness"),
        example.replace("w1 ", "w1\t"),
        example.replace("sofa\n2", "sofa\r\n2"),
        "",
    ):
        with pytest.raises(NoteError):
            read_checkpoint(broken)
    own = verifier_of(OWN_KEY)
    assert read_verifier_key(str(own)) == own
    for wrong in (str(own)[:-1], str(own).replace("cosigner/", "cosigner/x"), own.name, ""):
        with pytest.raises(NoteError):
            read_verifier_key(wrong)


async def test_a_required_cosigner_has_signed_and_is_not_who_seals(twice: tuple[str, Checkpoint]) -> None:
    conninfo, old = twice
    # Of one name, so that one signature must not stand for both.
    own, other, sealer = (VerifierKey("w", key.public_key) for key in (OWN_KEY, OTHER_KEY, KEY))
    signed = replace(
        old,
        signatures=(
            *old.signatures,
            cosignature(old, own, OWN_KEY.sign, 1_800_000_000),
            cosignature(old, sealer, KEY.sign, 1_800_000_000),
        ),
    )
    async with opened(conninfo) as database:
        proof = await prove_row(database, ROW, signed)
        for cosigners, sentence in (
            ((own,), None),
            ((other, own), "w has not signed the checkpoint of 3 seals."),
            ((sealer,), "The key of w seals the log, and a cosigner is somebody else."),
        ):
            report = await verify_log(database, kept=KeptCheckpoints((signed,), cosigners))
            assert [finding.sentence for finding in report.findings] == ([sentence] if sentence else [])
            if sentence is None:
                assert check_proof(proof, [KEY.public_key], cosigners).cosigned_at == {"w": 1_800_000_000}
                continue
            with pytest.raises(NotProvenError, match=r"not signed by w\.|a cosigner is somebody else"):
                check_proof(proof, [KEY.public_key], cosigners)


def content(file: Path) -> str:
    """What is in a file; nothing where there is none."""
    return file.read_text() if file.exists() else ""


def put(file: Path, checkpoint: Checkpoint | str, mode: int = 0o600) -> None:
    """Write it to a file in the place of what was there."""
    file.unlink(missing_ok=True)
    file.write_text(str(checkpoint))
    file.chmod(mode)


def put_link(file: Path) -> None:
    """Make it a link to nothing."""
    file.unlink()
    file.symlink_to("nothing")


async def test_a_cosigner_signs_what_extends_what_they_signed_and_nothing_else(
    twice: tuple[str, Checkpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conninfo, old = twice
    newest = await newest_checkpoint(conninfo)
    key_file = tmp_path / "own.pem"
    put(key_file, "")
    state = Path(f"{key_file}.checkpoint")
    own = verifier_of(OWN_KEY)
    async with opened(conninfo) as database:
        for sealing_key in (KEY, OTHER_KEY):
            with pytest.raises((SealKeyError, CheckFailed), match=r"signs the seals|not signed with a key of this log"):
                await cosign(database, old, sealing_key, key_file, (OTHER_KEY.public_key,))
        for other in (replace(old, origin="switchboard/x"), replace(old, size=2)):
            with pytest.raises(CheckFailed, match="not signed with a key of this log"):
                await cosign(database, other, OWN_KEY, key_file)
        with pytest.raises(CheckFailed, match="is of another log"):
            await cosign(database, checkpoint_of("switchboard/another", Subtrees(), KEY), OWN_KEY, key_file)
        assert content(state) == ""
        signed, before = await cosign(database, old, OWN_KEY, key_file)
        assert before is None and read_checkpoint(content(state)) == signed
        # cosignature/v1 of c2sp.org/tlog-cosignature, by its definition.
        by_own = signed.signatures[-1]
        (time,) = struct.unpack(">Q", by_own.signature[:8])
        assert abs(time - datetime.now(UTC).timestamp()) < 60 and signed.cosigned_at(own) == time
        assert by_own.key_hash == sha256(own.name.encode() + b"\n\x04" + OWN_KEY.public_key).digest()[:4]
        message = f"cosignature/v1\ntime {time}\n{old.text}".encode()
        Ed25519PublicKey.from_public_bytes(OWN_KEY.public_key).verify(by_own.signature[8:], message)
        for moment in (253_402_300_800, 2**64 - 1):
            late = replace(old, signatures=(cosignature(old, own, OWN_KEY.sign, moment),))
            assert late.cosigned_at(own) is None
        forged = replace(signed, signatures=(*old.signatures, by_own._replace(signature=bytes(72))))
        assert forged.cosigned_at(own) is None and old.cosigned_at(own) is None
        # The same again, and on to the newest.
        again, _ = await cosign(database, signed, OWN_KEY, key_file)
        assert len(again.signatures) == 2
        # What ends the program before the file is in its place leaves the one from before.
        kept = content(state)
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            await cosign(database, newest, OWN_KEY, key_file)
        assert content(state) == kept
        _, before = await cosign(database, newest, OWN_KEY, key_file)
        assert before == again
        with pytest.raises(CheckFailed, match="has signed a later checkpoint: of 5 seals"):
            await cosign(database, old, OWN_KEY, key_file)
        another = replace(newest, origin="switchboard/another")
        put(state, replace(another, signatures=(cosignature(another, own, OWN_KEY.sign, 1),)))
        with pytest.raises(CheckFailed, match="has signed another log: switchboard/another"):
            await cosign(database, newest, OWN_KEY, key_file)
        # What this key has not signed says nothing of what it has signed, nor does what others can write.
        put(state, old)
        with pytest.raises(InvalidInput, match="does not hold the checkpoint that was signed last"):
            await cosign(database, newest, OWN_KEY, key_file)
        put(state, again, 0o622)
        with pytest.raises(SealKeyError, match="not a plain file that its owner alone writes"):
            await cosign(database, newest, OWN_KEY, key_file)
        put_link(state)
        with pytest.raises(SealKeyError, match="not a plain file that its owner alone writes"):
            await cosign(database, newest, OWN_KEY, key_file)
        put(state, again)
        # Whoever makes seals again gets a signature under none of them.
        await as_owner(conninfo, REWRITES["a status"])
        await sign_again(conninfo)
        rewritten = await newest_checkpoint(conninfo)
        with pytest.raises(CheckFailed, match="does not extend the checkpoint of 3 seals that the key has signed"):
            await cosign(database, rewritten, OWN_KEY, key_file)
        with pytest.raises(CheckFailed, match="The log has other seals than the checkpoint of 5 seals"):
            await cosign(database, newest, OWN_KEY, key_file)
        assert content(state) == str(again)


async def test_sealing_goes_on_from_what_it_has_signed_whatever_was_made_of_older_seals(
    installed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(installed_database)
    minutes = int((datetime.now(UTC) - TEN).total_seconds() // 60)
    checkpoints = []
    # Until ten, until noon, and until now.
    for settled, before, after in (
        (minutes, "", ""),
        (
            minutes - 120,
            f"{OF_EIGHT} then 'somebody' else operator end",
            f"{OF_EIGHT} then 'asha@acme.example' else operator end",
        ),
        # A checkpoint that cannot be gone on from is made from the chain.
        (15, "subtrees = null", ""),
    ):
        monkeypatch.setattr(seal_hours, "SETTLED_MIN", settled)
        if before:
            await as_owner(installed_database, f"update {SEALS} set {before}")
        await seal(installed_database)
        if after:
            assert "seal" in {finding.kind for finding in (await check(installed_database)).findings}
            await as_owner(installed_database, f"update {SEALS} set {after}")
        checkpoints.append(await newest_checkpoint(installed_database))
        assert (await check_kept(installed_database, *checkpoints)).findings == []
    assert [checkpoint.size for checkpoint in checkpoints] == [3, 4, 5]
    # Nothing that an owner puts there is signed as the first line.
    await as_owner(
        installed_database, "update switchboard.settings set text_value = E'switchboard/x\\n9' where name = 'origin'"
    )
    monkeypatch.setattr(seal_hours, "SETTLED_MIN", -60)
    with pytest.raises(CheckFailed, match="has no origin"):
        await seal(installed_database)


async def test_a_checkpoint_of_seals_of_version_1_is_made_and_logged(
    installed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(installed_database)
    monkeypatch.setattr(sealing, "VERSION", 1)
    await as_owner(installed_database, f"alter table {SEALS} drop constraint seals_of_version_2")
    await seal(installed_database)
    await as_owner(installed_database, f"update {SEALS} set checkpoint = null")
    async with opened(installed_database) as database:
        assert await read_checkpoint_of_newest(database) is None
        with pytest.raises(SealKeyError, match="not sealed with the key"):
            await make_checkpoint(database, OTHER_KEY)
        made = await make_checkpoint(database, KEY)
    ((details,),) = execute(installed_database, f"select details from {LOG} where action = 'checkpoint_made'")
    assert (details["origin"], details["seals"], details["root"]) == (made.origin, 5, made.root.hex())
    report = await check_kept(installed_database, made)
    assert [(kept.seals, kept.is_extended) for kept in report.checkpoints] == [(5, True)]
