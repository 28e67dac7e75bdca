"""Exporting rows of an archive, as an export of the log in JSON has them; needs no database, and asks none."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING, Any

from tui import __version__
from tui.data.audit.export.format import in_ascii

if TYPE_CHECKING:
    from tui.data.archive.reading import ArchiveReader, Matches
    from tui.data.audit.export.file import Destination
    from tui.data.audit.filter import AuditFilter

ROWS_AT_ONCE = 1_000


async def export_archive(
    reader: ArchiveReader, audit_filter: AuditFilter, matches: Matches, destination: Destination
) -> dict[str, Any]:
    """Write the rows of a filter to a destination, the oldest first, and return what the manifest beside it has.

    Raises InvalidInput and ExportFailed of the destination, StreamBroken, and CheckFailed where an hour is not as it
    was sealed: nothing is left then, but on a stream.
    """
    destination.prepare()
    digest, rows, size = hashlib.sha256(), 0, 0
    try:
        remaining = reader.lines(matches)
        while lines := list(islice(remaining, ROWS_AT_ONCE)):
            block = in_ascii(b"".join(lines))
            await destination.write(block)
            digest.update(block)
            rows, size = rows + len(lines), size + len(block)
        reader.require_sealed()
        manifest = {
            "filter": audit_filter.canonical(),
            "filter_as_typed": audit_filter.text,
            "archive": reader.month.file,
            "archive_sha256": reader.record.sha256,
            "rows": rows,
            "bytes": size,
            "sha256": digest.hexdigest(),
            "format": "jsonl",
            "altered": False,
            "switchboard": __version__,
        }
        destination.publish(manifest)
    except BaseException:
        destination.discard()
        raise
    return manifest
