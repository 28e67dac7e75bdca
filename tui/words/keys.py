"""What is said of master keys and their rotation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.words.counts import counted
from tui.words.log.archived import archived_words
from tui.words.times import duration

if TYPE_CHECKING:
    from tui.data.keys.envelope_count import EnvelopeCount, Left
    from tui.data.keys.gate import Gate
    from tui.data.keys.inventory import KeyInventory, RecordedKey
    from tui.data.keys.rotation import KeyChange

STOPPED = "the other program is stopped"

_READ_BY_ANOTHER = "Credentials of the legacy format are read by another program, "
LEGACY_ORDER = (
    f"{_READ_BY_ANOTHER}which opens none of them afterwards. "
    "The order: stop it, rotate, change its ENCRYPTION_MASTER_KEY, start it."
)
LEGACY_ENDS = (
    f"{_READ_BY_ANOTHER}which cannot read sb2: no key lets it open them again. "
    "Stop it, and rotate only once it needs none of them; without --format each keeps its own."
)
FORMATS = {
    None: "none, each keeps its own",
    "sb2": "sb2, which no other program reads",
    "legacy": "legacy, which is not bound to its row: a copy opens in any other one",
}

AFTERWARDS = (
    "Set the new key as ENCRYPTION_MASTER_KEY wherever Switchboard runs, and the one before, from {source}, as "
    "ENCRYPTION_MASTER_KEY_PREVIOUS until `switchboard keys retire {old}`.",
    "Backups from before still open with the old key, and whoever had it may have read the credentials, which the "
    "providers still take: make new ones in Exotel's portal (Settings > API Settings) and in Zoho's account page "
    "(Security > App Passwords).",
)

KEPT = "Nothing: the demo keeps the new key, and starts with it."

AS_IT_WAS = "Stopped before anything was saved: everything is as it was."

CONSOLE = "this console"
"""The source of a key that was made or pasted here and is configured nowhere yet."""
IN_THIS_CONSOLE_ALONE = "The new master key is in this console alone"
UNTIL_THE_END = "The key in use is in this console alone: configure it before you quit."

GATE_STATES = {
    "open": "the key in use",
    "unused": "no key is in use yet; this one will be recorded with the first write",
    "mixed": "opens some of the newest credentials, but not all",
    "wrong key": "not the key in use; no credential can be written",
    "weak key": "cannot be used for writing",
    "no key": "not configured; no credential can be written",
}
REPLACED = "the one before: somebody has changed it; no credential can be written"


def configured_key(gate: Gate, earlier: list[str]) -> list[tuple[str, str]]:
    """Return what there is to say of the configured keys, as names and texts; `earlier` are their sources."""
    lines = [
        ("key", REPLACED if gate.was_replaced else GATE_STATES[gate.state]),
        ("key id", gate.known_key_id or "-"),
        ("comes from", gate.key_source or "-"),
        ("key id in use", gate.recorded_key_id or "none recorded yet"),
    ]
    if gate.other:
        key_id = f"key id {gate.other.key_id}: " if gate.other.key_id else ""
        # What will be recorded with the first write is the key as it is.
        state = GATE_STATES[gate.other.state].partition(";")[0]
        lines.append((f"without the {gate.other.wrapping}", f"{key_id}{state}"))
    lines += [("weakness", weakness) for weakness in gate.weaknesses]
    return [*lines, *(("earlier key from", source) for source in earlier)]


def recorded_key(key: RecordedKey) -> tuple[str, str]:
    """Return the name and the text of a key that the database knows: its state, its age, and what is under it."""
    age = "" if key.days is None else f", {counted(key.days, 'day', 'days')} old"
    return f"key {key.state}", f"{key.key_id}{age}: {_held(key.credentials, key.versions)}"


def without_key_id(inventory: KeyInventory) -> list[tuple[str, str]]:
    """Return what names no key: of the legacy format, and which programs wrote it, and what is no envelope."""
    lines: list[tuple[str, str]] = []
    if inventory.legacy_credentials or inventory.legacy_versions:
        lines.append(("legacy format", _held(inventory.legacy_credentials, inventory.legacy_versions)))
    for writer in inventory.legacy_writers:
        by = f" as {writer.login}" if writer.login else ""
        times = counted(writer.writes, "time", "times")
        lines.append(("legacy written by", f"{writer.program}{by}, {times}, last {str(writer.newest)[:10]}"))
    if inventory.archived_before is not None:
        lines.append(("legacy writers", f"{archived_words(inventory.archived_before)}, and not looked at"))
    if inventory.malformed_credentials or inventory.malformed_versions:
        lines.append(("malformed", _held(inventory.malformed_credentials, inventory.malformed_versions)))
    return lines


def in_sentence_case(name: str) -> str:
    """Return the name of a line with its first letter as at the beginning of a sentence."""
    return f"{name[:1].upper()}{name[1:]}"


def planned(change: KeyChange, plan: EnvelopeCount) -> list[tuple[str, str]]:
    """Return what a rotation would do, as names and texts, but for what does not open."""
    return [
        ("from key id", change.from_id),
        ("which is from", change.present.source),
        ("to key id", change.recorded_to_id or "a new one"),
        ("which is from", change.target.source),
        ("credentials", f"{plan.opened('credential'):,}"),
        ("kept versions", f"{plan.opened('version'):,}"),
        *(("opened by", opened_by(name, count)) for name, count in plan.by_key.items()),
        *(("in format", f"{name}: {count:,}") for name, count in plan.by_format.items()),
        ("to format", FORMATS[change.format]),
    ]


def legacy_consequence(change: KeyChange, plan: EnvelopeCount) -> str:
    """Return what becomes of the other program, and what to do in which order; empty where no row is legacy."""
    if "legacy" not in plan.by_format:
        return ""
    return LEGACY_ENDS if change.format == "sb2" else LEGACY_ORDER


def opened_by(name: str, count: int) -> str:
    """Return how many envelopes a key opened, by its id or, of the legacy format, by where it comes from."""
    source = name.removesuffix(" (legacy)")
    return f"{source}: {count:,}{' legacy' if source != name else ''}"


def does_not_open(left: Left) -> str:
    """Return which envelope does not open, and why."""
    where = "" if left.place == "credential" else f", version {left.id}"
    return f"{left.credential_id}{where} ({left.reason})"


def _held(credentials: int, versions: int) -> str:
    return f"{counted(credentials, 'credential', 'credentials')}, {counted(versions, 'kept version', 'kept versions')}"


class Pace:
    """Says how far a pass over all envelopes is, how fast, and how long it will still take."""

    def __init__(self) -> None:
        self._stage = ""
        self._began = 0.0

    def words(self, stage: str, done: int, total: int) -> str:
        """Return it of what was `stage` ("written") so far; the rate is that of this stage."""
        if stage != self._stage:
            self._stage, self._began = stage, time.monotonic()
        if stage == "saving":
            return "All of it is written and compared; saving"
        if not done:
            return f"{counted(total, 'envelope')} to be {stage}"
        rate = done / max(time.monotonic() - self._began, 0.001)
        return f"{done:,} of {total:,} {stage}, {rate:,.0f} a second, {duration((total - done) / rate)} left"
