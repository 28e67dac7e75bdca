"""Checking a file without a database: an export against its manifest, or the proof of a row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.data.audit.export.check import check_file
from tui.data.seals.hours import hour_moment, hour_text, moment_of
from tui.data.seals.proofs.notes import NoteError
from tui.data.seals.proofs.proof import LARGEST_BYTES, NotProvenError, check_proof, read_proof
from tui.data.seals.sealing_keys import small_file
from tui.errors import CheckFailed
from tui.words.counts import counted
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.cli.output import Output
    from tui.data.seals.proofs.notes import VerifierKey

ALTERED = "Ask for the proof again: it holds only as it was made, to the last character."


def verify_proof(out: Output, path: Path, public_keys: Sequence[bytes], cosigners: Sequence[VerifierKey]) -> None:
    """Check the proof of a row. Raises CheckFailed where it proves nothing."""
    try:
        proven = check_proof(read_proof(small_file(path, "proof", LARGEST_BYTES)), public_keys, cosigners)
    except NoteError:
        raise CheckFailed("That file is no proof of a row, or it was changed.", ALTERED) from None
    except NotProvenError as failure:
        raise CheckFailed(f"The row is not proven. {failure}", ALTERED) from None
    checkpoint = proven.checkpoint
    sealed_at = moment_of(proven.sealed_at // 1_000_000)
    cosigned = {name: datetime.fromtimestamp(time, UTC) for name, time in proven.cosigned_at.items()}
    record = {
        "ok": True,
        "row": proven.row,
        "place": proven.place,
        "rows_in_hour": proven.rows_in_hour,
        "hour": hour_moment(proven.hour),
        "sealed_at": sealed_at,
        "sealed_by": proven.sealed_by,
        "operator": proven.operator,
        "key_id": proven.key_id,
        "origin": checkpoint.origin,
        "seals": checkpoint.size,
        "cosigned_at": cosigned,
    }
    who = f" for {proven.operator}" if proven.operator else ""
    when = to_the_minute(sealed_at, UTC) if sealed_at else "a time that is none"
    lines: list[tuple[str, object]] = [
        ("row", proven.row),
        ("proven", f"row {proven.place} of the {counted(proven.rows_in_hour, 'row')} of {hour_text(proven.hour)}"),
        ("sealed", f"{when} by {proven.sealed_by}{who}, with the key {proven.key_id}"),
        ("checkpoint", f"{counted(checkpoint.size, 'seal')} of {checkpoint.origin}"),
    ]
    lines += [("cosigned", f"by {name} at {to_the_minute(time, UTC)}") for name, time in cosigned.items()]
    out.record(record, lines)


def verify_file(out: Output, path: Path) -> None:
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
