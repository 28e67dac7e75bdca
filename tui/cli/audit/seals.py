"""The commands `audit seal` and `audit verify`: sign the audit log hour by hour, and check it."""

from __future__ import annotations

import re
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.completion.candidates import files
from tui.cli.output import Output
from tui.cli.parsing import Text, command, is_locked, option
from tui.cli.requirements import Requirements
from tui.data.archive.check import check_archives
from tui.data.archive.folder import ArchiveFolder
from tui.data.audit.export.check import check_file
from tui.data.seals.hours import hour_moment, hour_text
from tui.data.seals.sealing import require_whole_log, seal_log
from tui.data.seals.sealing_keys import new_seal_key, read_manifest, read_newest_seal, read_public_key, read_seal_key
from tui.data.seals.verify import verify_log
from tui.errors import CheckFailed, InvalidInput, SealKeyError
from tui.locked.mode import closed
from tui.words.counts import counted
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from datetime import datetime

    from tui.cli.request import Options, Work
    from tui.data.seals.report import SealReport
    from tui.session.session import Session

PUBLIC_KEY_DIGITS = re.compile(r"\s*[0-9a-fA-F]{64}\s*")


class KeyOrFile(Text):
    """A public key in digits, or the name of its file; the locked console reads no file that a person names."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text. Raises InvalidInput."""
        text = super().convert(value, param, ctx)
        if is_locked(ctx) and not PUBLIC_KEY_DIGITS.fullmatch(text):
            raise closed("A file for --public-key", "Give the key itself, 64 hexadecimal digits.")
        return text


@command(needs=Requirements("administrator", key="sealing", writes="data", finds=True, organization=False))
@option(
    "--new-key",
    metavar="FILE",
    shell_complete=files,
    needs=Requirements(key="sealing"),
    help="Make a sealing key in a new FILE and stop there.",
)
@click.pass_obj
def seal(options: Options, new_key: str | None) -> Work | None:
    """Sign every whole hour of the log that ended 15 minutes ago.

    Meant for a nightly job: with nothing to seal it says so and exits with 0, and two at once do not collide. The
    private key is in the file that SWITCHBOARD_SEAL_KEY_FILE names; without it the exit status is 4.
    """
    if new_key is not None:
        _make_sealing_key(Output(options.form), new_key)
        return None
    return _seal


@command(locked=True, needs=Requirements("any", finds=True, organization=False))
@option(
    "--public-key",
    "public_keys",
    locked=True,
    type=KeyOrFile(),
    multiple=True,
    metavar="KEY|FILE",
    shell_complete=files,
    help="Trust this key instead of those in the database; may be given again.",
)
@option(
    "--newest-seal", locked=True, metavar="SEAL", help="Require that this seal, noted down before, is in the chain."
)
# Closed in the locked console, which reads no file that a person names.
@option(
    "--manifest",
    metavar="FILE",
    shell_complete=files,
    help="Take the public keys and the newest seal from the manifest of an export.",
)
# For whoever has an export alone: it asks no database.
@option(
    "--file",
    metavar="FILE",
    shell_complete=files,
    needs=Requirements(finds=True),
    help="Check an exported FILE against FILE.manifest.json and stop there.",
)
@option("--archive", metavar="DIR", shell_complete=files, help="Check the files of archived months in DIR as well.")
@click.pass_obj
def verify(
    options: Options,
    public_keys: tuple[str, ...],
    newest_seal: str | None,
    manifest: str | None,
    file: str | None,
    archive: str | None,
) -> Work | None:
    """Check the log against its seals, or an export against its manifest; no secret is needed.

    Exits with 5 where a row or a seal is not as it was sealed, or where what protects the log is off. Whoever owns
    the database can replace the public keys in it: --public-key or --manifest brings them from elsewhere. Rows of an
    archived month may be gone from the log; whether they are in its file, --archive finds out.
    """
    if file is not None:
        if manifest is not None or public_keys or newest_seal or archive:
            raise InvalidInput("--file is checked against its manifest alone.", "Leave the other options out.")
        _verify_file(Output(options.form), Path(file))
        return None
    if manifest is not None and (public_keys or newest_seal):
        raise InvalidInput(
            "--manifest brings the keys and the newest seal, and they were given as well.", "Give one or the other."
        )
    keys, newest = read_manifest(Path(manifest)) if manifest is not None else ((), None)
    keys = keys or tuple(map(read_public_key, public_keys))
    newest = newest or (read_newest_seal(newest_seal) if newest_seal is not None else None)

    async def work(session: Session, out: Output) -> None:
        on_progress = partial(_report_progress, out, "compared")
        report = await verify_log(session.database, public_keys=keys, newest=newest, on_progress=on_progress)
        if archive is not None:
            with ArchiveFolder(Path(archive)) as folder:
                await check_archives(session.database, folder, report, on_rows=on_progress)
        out.record(_record(report), _lines(report))
        if report.keys and not any(key.given for key in report.keys):
            out.say("The public keys are the database's own, which its owner can replace: see --public-key.")
        if any(month.rows and not month.is_file_checked for month in report.removed.values()):
            out.say("Whether what is gone from the log is in its archives, `--archive DIR` finds out.")
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


def _verify_file(out: Output, path: Path) -> None:
    """Check an exported file. Raises CheckFailed where it is not as its manifest says."""
    check = check_file(path)
    record = {
        "ok": check.is_well,
        "file": str(path),
        "manifest": check.manifest,
        "rows": check.rows,
        "bytes": check.size,
        "sha256": check.sha256,
        "operation_id": check.operation_id,
        "found": len(check.findings),
        "findings": [{"kind": finding.kind, "sentence": finding.sentence} for finding in check.findings],
    }
    lines: list[tuple[str, object]] = [
        ("file", "as its manifest says" if check.is_well else "NOT as its manifest says"),
        ("rows", f"{check.rows:,}"),
        ("bytes", f"{check.size:,}"),
        ("sha256", check.sha256),
    ]
    out.record(record, [*lines, *(("finding", finding.sentence) for finding in check.findings)])
    if not check.is_well:
        raise CheckFailed(
            "The file is not the one that was exported, or its manifest belongs to another file.",
            "Export it again, or compare the SHA-256 with the log's row of that export.",
        )
    out.say("A manifest is not signed. The log, which is sealed, has the SHA-256 of each export as well:")
    # Quoted, since shells look for files by a star. The row of an export of many organisations is of none of them.
    of_export = f"action:log_exported details.operation_id:{check.operation_id or 'ID'}"
    out.say(f"switchboard audit list 'org:*' {of_export} --json")


def _make_sealing_key(out: Output, path: str) -> None:
    key = new_seal_key(Path(path))
    public_key = key.public_key.hex()
    out.record({"key_id": key.key_id, "public_key": public_key}, [("key id", key.key_id), ("public key", public_key)])
    out.say("Name the file in SWITCHBOARD_SEAL_KEY_FILE. Keep the public key where the database's owner cannot change")
    out.say("it: with it `audit verify --public-key` notices seals that somebody else has made.")


async def _seal(session: Session, out: Output) -> None:
    try:
        key = read_seal_key(session.settings.seal_key_file)
    except SealKeyError:
        # Nobody is to make a key who may not seal with it.
        await session.database.read(require_whole_log)
        raise
    sealed = await seal_log(session.database, key, on_progress=partial(_report_progress, out, "sealed"))
    until = _end_of_hours(sealed.sealed_until)
    done = f"Sealed {counted(sealed.rows, 'row')} with {counted(sealed.seals, 'seal')}"
    newest = sealed.newest_seal or "none"
    out.result(
        {
            "seals": sealed.seals,
            "rows": sealed.rows,
            "sealed_until": sealed.sealed_until,
            "newest_seal": sealed.newest_seal,
            "key_id": key.key_id,
        },
        f"{done if sealed.seals else 'There was nothing to seal'}. Sealed until {until}; newest seal {newest}.",
    )


def _record(report: SealReport) -> dict[str, Any]:
    return {
        "ok": report.is_well,
        "seals": report.seals,
        "rows": report.rows,
        "first_hour": hour_moment(report.first_hour),
        "sealed_until": report.sealed_until,
        "newest_seal": report.newest_seal,
        "keys": [{"key_id": key.key_id, "public_key": key.public_key.hex(), "given": key.given} for key in report.keys],
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
    lines: list[tuple[str, object]] = [
        ("log", verdict),
        ("compared", f"{counted(report.rows, 'row')} under {counted(report.seals, 'seal')}"),
        ("first hour", "none" if report.first_hour is None else hour_text(report.first_hour)),
        ("sealed until", f"{_end_of_hours(report.sealed_until)}; later rows are not under a seal yet"),
        ("newest seal", report.newest_seal or "none"),
    ]
    for name, month in sorted(report.removed.items()):
        gone = f"{counted(month.rows, 'row')} removed from the log" if month.rows else "still in the log"
        lines.append(("archived", f"{name}, {gone}; its file was {'' if month.is_file_checked else 'not '}checked"))
    lines += [("public key", f"{key.public_key.hex()} ({key.key_id})") for key in report.keys]
    lines += [("finding", finding.sentence) for finding in report.findings]
    rest = report.finding_count - len(report.findings)
    return [*lines, ("finding", f"{rest} more like these")] if rest else lines


def _report_progress(out: Output, verb: str, rows: int, hour: int) -> None:
    out.progress(f"{counted(rows, 'row')} {verb}, up to {hour_text(hour)} ...")


def _end_of_hours(moment: datetime | None) -> str:
    # Seals are of whole hours in UTC, whatever the zone of this console.
    return to_the_minute(moment, UTC) if moment else "no hour yet"
