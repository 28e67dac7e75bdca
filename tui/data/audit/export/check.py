"""Checking an exported file against the manifest beside it; asks no database."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tui.data.audit.export.file import MANIFEST
from tui.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

BLOCK_BYTES = 1024 * 1024
# A manifest holds the filter, written out with every id that a name stood for.
LARGEST_MANIFEST_BYTES = 4_194_304

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileFinding:
    """One thing that is not as the manifest says."""

    kind: Literal["bytes", "sha256", "rows"]
    sentence: str


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What a file holds, and where that is not what its manifest says."""

    manifest: str
    size: int
    sha256: str
    rows: int
    operation_id: str | None
    findings: tuple[FileFinding, ...]

    @property
    def is_well(self) -> bool:
        """Whether the file is as the manifest says."""
        return not self.findings


def check_file(path: Path) -> FileCheck:
    """Compare size, SHA-256 and rows of a file with those that the manifest beside it has.

    Raises InvalidInput where one of the two cannot be read, or the manifest is none.
    """
    manifest_path = path.with_name(path.name + MANIFEST)
    promised = _read_manifest(manifest_path)
    descriptor = _open(path, "export")
    digest, size, lines = hashlib.sha256(), 0, 0
    with os.fdopen(descriptor, "rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            size += len(block)
            lines += block.count(b"\n")
    # In both formats a row is a line: line breaks within one are written as something else. csv has a header.
    rows = max(lines - (promised["format"] == "csv"), 0)
    sha256 = digest.hexdigest()
    findings = []
    if size != promised["bytes"]:
        sentence = f"The file has {size:,} bytes, and the manifest says {promised['bytes']:,}."
        findings.append(FileFinding("bytes", sentence))
    if sha256 != promised["sha256"]:
        findings.append(FileFinding("sha256", "The file's SHA-256 is not the one in the manifest."))
    if rows != promised["rows"]:
        sentence = f"The file has {rows:,} rows, and the manifest says {promised['rows']:,}."
        findings.append(FileFinding("rows", sentence))
    return FileCheck(str(manifest_path), size, sha256, rows, promised["operation_id"], tuple(findings))


def _read_manifest(path: Path) -> dict[str, Any]:
    with os.fdopen(_open(path, "manifest"), "rb") as file:
        content = file.read(LARGEST_MANIFEST_BYTES + 1)
    try:
        manifest = json.loads(content) if len(content) <= LARGEST_MANIFEST_BYTES else None
    except (ValueError, RecursionError):
        manifest = None
    values = manifest if isinstance(manifest, dict) else {}
    numbers = [values.get(name) for name in ("bytes", "rows")]
    is_ours = _SHA256.fullmatch(str(values.get("sha256"))) and values.get("format") in ("csv", "jsonl")
    if not is_ours or not all(type(number) is int and number >= 0 for number in numbers):
        raise InvalidInput(
            "The file beside it is not the manifest of an export.", "Use the one that the export wrote with it."
        )
    # It stands in a command that is there to be copied, and a manifest is written by anybody.
    operation = str(values.get("operation_id"))
    return values | {"operation_id": operation if _UUID.fullmatch(operation) else None}


def _open(path: Path, what: str) -> int:
    """Open a plain file for reading. Raises InvalidInput."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "the name is not a file's"
        if what == "manifest":
            what_to_do = f"Put {path.name} beside the file; `audit export --output` writes both."
        else:
            what_to_do = "Check its name."
        raise InvalidInput(f"The {what} cannot be read: {reason}.", what_to_do) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidInput(f"The {what} cannot be read: not a plain file.", "Check its name.")
    return descriptor
