"""The command `audit verify`: check the log against its seals, and what was kept of it elsewhere."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.audit.check_files import verify_file, verify_proof
from tui.cli.audit.progress import end_of_hours, report_progress
from tui.cli.audit.trusted_keys import checkpoint_in, public_key_option, read_checkpoint_file, read_cosigner
from tui.cli.completion.candidates import files
from tui.cli.output import Output
from tui.cli.parsing import command, option
from tui.cli.requirements import Requirements
from tui.data.archive.check import check_archives
from tui.data.archive.folder import ArchiveFolder
from tui.data.seals.hours import hour_moment, hour_text, moment_of
from tui.data.seals.proofs.old_checkpoints import KeptCheckpoints
from tui.data.seals.sealing_keys import read_manifest, read_newest_seal, read_public_key
from tui.data.seals.verify import verify_log
from tui.errors import CheckFailed, InvalidInput
from tui.words.counts import counted

if TYPE_CHECKING:
    from tui.cli.request import Options, Work
    from tui.data.seals.report import CheckedCheckpoint, SealReport
    from tui.session.session import Session


@command(locked=True, needs=Requirements("any", finds=True, organization=False))
@public_key_option(help="Trust this key, not the database's; may be repeated.")
@option("--newest-seal", locked=True, metavar="SEAL", help="Require this seal, noted down before, in the chain.")
# Closed in the locked console, which reads no file that a person names.
@option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    metavar="FILE",
    shell_complete=files,
    help="Require that the log extends it; may be repeated.",
)
@option(
    "--manifest",
    metavar="FILE",
    shell_complete=files,
    help="Take these three from the manifest of an export.",
)
@option(
    "--cosigner",
    "cosigners",
    multiple=True,
    metavar="KEY",
    help="Require their signature; may be repeated.",
)
# For whoever has an export alone: it asks no database.
@option(
    "--file",
    metavar="FILE",
    shell_complete=files,
    needs=Requirements(finds=True),
    help="Check an export against its manifest alone.",
)
@option(
    "--proof",
    metavar="FILE",
    shell_complete=files,
    needs=Requirements(finds=True),
    help="Check the proof of a row by --public-key alone.",
)
@option("--archive", metavar="DIR", shell_complete=files, help="Check the files of archived months in DIR too.")
@click.pass_obj
def verify(
    options: Options,
    public_keys: tuple[str, ...],
    newest_seal: str | None,
    manifest: str | None,
    checkpoints: tuple[str, ...],
    cosigners: tuple[str, ...],
    file: str | None,
    proof: str | None,
    archive: str | None,
) -> Work | None:
    """Check the log against its seals, or a file of it by itself; no secret is needed.

    Exits with 5 where something is not as it was sealed, or not protected. The owner of the database can replace the
    public keys in it: --public-key or --manifest brings them from elsewhere. Who has the sealing key too can make seals
    again: --checkpoint brings what they were. Whether archived rows are in their file, --archive finds out.
    """
    if file is not None:
        if manifest is not None or public_keys or newest_seal or checkpoints or cosigners or proof or archive:
            raise InvalidInput("--file is checked against its manifest alone.", "Leave the other options out.")
        verify_file(Output(options.form), Path(file))
        return None
    if manifest is not None and (public_keys or newest_seal):
        raise InvalidInput(
            "--manifest brings the keys and the newest seal, and they were given as well.", "Give one or the other."
        )
    keys = tuple(map(read_public_key, public_keys))
    newest = read_newest_seal(newest_seal) if newest_seal is not None else None
    known = [read_checkpoint_file(path) for path in checkpoints]
    by = tuple(map(read_cosigner, cosigners))
    if manifest is not None:
        seals = read_manifest(Path(manifest))
        keys, newest = seals.public_keys, seals.newest
        known += [checkpoint_in(seals.checkpoint)] if seals.checkpoint else []
    if proof is not None:
        if newest_seal or checkpoints or archive or not keys:
            raise InvalidInput(
                "--proof is checked with public keys alone.", "Give --public-key or --manifest, and --cosigner."
            )
        verify_proof(Output(options.form), Path(proof), keys, by)
        return None
    if by and not known:
        raise InvalidInput("--cosigner is about checkpoints, and none was given.", "Give --checkpoint as well.")
    kept = KeptCheckpoints(tuple(known), by)

    async def work(session: Session, out: Output) -> None:
        on_progress = partial(report_progress, out, "compared")
        report = await verify_log(session.database, public_keys=keys, newest=newest, kept=kept, on_progress=on_progress)
        if archive is not None:
            with ArchiveFolder(Path(archive)) as folder:
                await check_archives(session.database, folder, report, on_rows=on_progress)
        out.record(_record(report), _lines(report))
        if report.keys and not any(key.given for key in report.keys):
            out.say("The public keys are the database's own, which its owner can replace: see --public-key.")
        if any(month.rows and not month.is_file_checked for month in report.removed.values()):
            out.say("Whether what is gone from the log is in its archives, --archive DIR finds out.")
        if report.is_unsealed:
            raise CheckFailed(
                "The log is not sealed yet, so whether it was changed cannot be told.",
                "`switchboard audit seal` makes the first seals.",
            )
        if not report.is_well:
            raise CheckFailed(
                f"The log is not as it was sealed, or not protected: {counted(report.finding_count, 'finding')}.",
                "Each finding is listed above; compare with a backup or an export, and ask who owns the database.",
            )

    return work


def _record(report: SealReport) -> dict[str, Any]:
    return {
        "ok": report.is_well,
        "seals": report.seals,
        "rows": report.rows,
        "first_hour": hour_moment(report.first_hour),
        "sealed_until": report.sealed_until,
        "newest_seal": report.newest_seal,
        "keys": [{"key_id": key.key_id, "public_key": key.public_key.hex(), "given": key.given} for key in report.keys],
        "checkpoints": [
            {
                "seals": checkpoint.seals,
                "is_extended": checkpoint.is_extended,
                "cosigned_at": {
                    name: None if time is None else moment_of(time) for name, time in checkpoint.cosigned_at.items()
                },
                "other_signatures": checkpoint.other_signatures,
            }
            for checkpoint in report.checkpoints
        ],
        "archived": [
            {
                "month": name,
                "rows_removed": month.rows,
                "sha256": month.archive.sha256.hex(),
                "archived_at": month.archive.archived_at,
                "file_checked": month.is_file_checked,
            }
            for name, month in sorted(report.removed.items())
        ],
        "found": report.finding_count,
        "findings": [
            {"kind": finding.kind, "hour": hour_moment(finding.hour), "row": finding.row, "sentence": finding.sentence}
            for finding in report.findings
        ],
    }


def _lines(report: SealReport) -> list[tuple[str, object]]:
    verdict = "as it was sealed" if report.is_well else "NOT as it was sealed, or not protected"
    if report.is_unsealed:
        verdict = "not sealed yet"
    if report.is_well_as_far_as_known:
        verdict = "as it was sealed, as far as this version can tell"
    if any(month.rows and not month.is_file_checked for month in report.removed.values()):
        verdict += "; archived months were not checked"
    lines: list[tuple[str, object]] = [
        ("log", verdict),
        ("compared", f"{counted(report.rows, 'row')} under {counted(report.seals, 'seal')}"),
        ("first hour", "none" if report.first_hour is None else hour_text(report.first_hour)),
        ("sealed until", f"{end_of_hours(report.sealed_until)}; later rows are not under a seal yet"),
        ("newest seal", report.newest_seal or "none"),
    ]
    for name, month in sorted(report.removed.items()):
        gone = f"{counted(month.rows, 'row')} removed from the log" if month.rows else "still in the log"
        lines.append(("archived", f"{name}, {gone}; its file was {'' if month.is_file_checked else 'not '}checked"))
    lines += [("public key", f"{key.public_key.hex()} ({key.key_id})") for key in report.keys]
    lines += [("checkpoint", _checkpoint_words(checkpoint)) for checkpoint in report.checkpoints]
    lines += [("finding", finding.sentence) for finding in report.findings]
    rest = report.finding_count - len(report.findings)
    return [*lines, ("finding", f"{rest} more like these")] if rest else lines


def _checkpoint_words(checkpoint: CheckedCheckpoint) -> str:
    words = (
        f"{counted(checkpoint.seals, 'seal')}, {'which the log extends' if checkpoint.is_extended else 'NOT extended'}"
    )
    signed = [name for name, time in checkpoint.cosigned_at.items() if time is not None]
    words += f"; signed by {', '.join(signed)}" if signed else ""
    others = checkpoint.other_signatures
    return f"{words}; {counted(others, 'signature')} of keys that were not given" if others else words
