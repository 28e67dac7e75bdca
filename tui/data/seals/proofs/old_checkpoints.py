"""Whether the chain of seals extends the checkpoints that were kept elsewhere, and from which hour on it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui.data.seals.hours import hour_text
from tui.data.seals.proofs.merkle import HASH_BYTES, root_of
from tui.data.seals.proofs.notes import NoteError, read_checkpoint
from tui.data.seals.report import CheckedCheckpoint, SealFinding
from tui.words.counts import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.data.seals.chain import Seal
    from tui.data.seals.proofs.notes import Checkpoint, VerifierKey


class KeptCheckpoints(NamedTuple):
    """Checkpoints from outside the database, and the keys of the cosigners who must have signed each of them."""

    checkpoints: tuple[Checkpoint, ...] = ()
    cosigners: tuple[VerifierKey, ...] = ()


NOTHING_KEPT = KeptCheckpoints()


class TreeOfSeals:
    """The tree that checkpoints are over: 40 bytes for each seal that is added, in the order of the chain."""

    def __init__(self) -> None:
        self._leaves = bytearray()
        self._hours: list[int | None] = []
        self.is_sound = True
        """Whether each seal so far is genuine and names the one before."""

    @property
    def size(self) -> int:
        """How many seals there are."""
        return len(self._hours)

    def add(self, seal: Seal) -> None:
        """Take the next seal."""
        self._leaves += seal.leaf()
        self._hours.append(seal.hour)

    def is_at(self, checkpoint: Checkpoint) -> bool:
        """Whether its first seals are those of a checkpoint."""
        end = checkpoint.size * HASH_BYTES
        return checkpoint.size <= self.size and root_of(bytes(self._leaves[:end])) == checkpoint.root

    def hours(self, begin: int, end: int) -> str:
        """Name the hours of the seals from that place to before another."""
        first, last = hour_text(self._hours[begin]), hour_text(self._hours[end - 1])
        return (
            f"The seal of {first} is not the one"
            if first == last
            else f"The seals from {first} to {last} are not those"
        )


def check_own(
    tree: TreeOfSeals, origin: str | None, note: str | None, public_keys: Sequence[bytes]
) -> list[SealFinding]:
    """Return what is wrong with the checkpoint that the newest seal has, where every seal is sound by itself."""
    if note is None:
        sentence = "The newest seal has no checkpoint, as the last of each sealing has: it or newer seals were removed."
        return [SealFinding("checkpoint", sentence)]
    try:
        own = read_checkpoint(note)
    except NoteError:
        own = None
    if own is None or own.size != tree.size or not tree.is_at(own) or not own.is_signed_by(public_keys):
        return [SealFinding("checkpoint", "The checkpoint of the newest seal is not one of the seals that are there.")]
    if origin not in (None, own.origin):
        sentence = f"The newest seal's checkpoint is of {own.origin}, and the log calls itself {origin} by now."
        return [SealFinding("checkpoint", sentence)]
    return []


def check_old(
    tree: TreeOfSeals, origin: str | None, public_keys: Sequence[bytes], kept: KeptCheckpoints
) -> tuple[list[CheckedCheckpoint], list[SealFinding]]:
    """Compare the chain with checkpoints that were kept elsewhere, the smallest first. No `origin`: it is lost.

    Where it does not extend one, its seals are others from behind the last smaller checkpoint that it does extend. Of
    two that somebody has signed over as many seals it extends one at most.
    """
    checked, findings, good = [], [], [0]
    for old in sorted(kept.checkpoints, key=lambda checkpoint: checkpoint.size):
        name = f"the checkpoint of {counted(old.size, 'seal')}"
        sentences = []
        if origin not in (None, old.origin):
            sentences.append(f"Of another log is {name}: its origin is {old.origin}, and that of this one {origin}.")
        elif not old.is_signed_by(public_keys):
            sentences.append(f"Not signed with a public key to trust is {name}.")
        elif old.size > tree.size:
            sentences.append(f"Seals were removed after {name}: there are {tree.size}.")
        elif not tree.is_at(old):
            last = max(size for size in good if size < old.size)
            sentences.append(
                f"{tree.hours(last, old.size)} of {name}: seals were made again, so rows of these hours may be others."
            )
        else:
            good.append(old.size)
        is_extended = not sentences
        cosigned_at = {key.name: old.cosigned_at(key) for key in kept.cosigners}
        sentences += [f"{key.name} has not signed {name}." for key in kept.cosigners if old.cosigned_at(key) is None]
        findings += [SealFinding("checkpoint", sentence) for sentence in sentences]
        signed = sum(time is not None for time in cosigned_at.values())
        # Beside these and the log's own there may be others, of keys that nobody gave.
        others = len(old.signatures) - signed - int(old.is_signed_by(public_keys))
        checked.append(CheckedCheckpoint(old.size, is_extended, cosigned_at, others))
    findings += [
        SealFinding("checkpoint", f"The key of {key.name} seals the log, and a cosigner is somebody else.")
        for key in kept.cosigners
        if key.public_key in public_keys
    ]
    return checked, findings
