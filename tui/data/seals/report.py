"""What a check of the log against its seals came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tui.data.schema.state import SchemaState
    from tui.data.seals.archived import RemovedMonth

FindingKind = Literal[
    "altered", "removed", "moved", "added", "hour", "seal", "chain", "checkpoint", "key", "protection", "archive"
]

# What is wrong with so many hours is one thing, and the rest of the list would say it again.
LISTED = 200


@dataclass(frozen=True, slots=True)
class SealFinding:
    """One thing that is not as it was sealed, or does not protect as it should; `hour` is in seconds since 1970."""

    kind: FindingKind
    sentence: str
    hour: int | None = None
    row: UUID | None = None


@dataclass(frozen=True, slots=True)
class KeyUsed:
    """A public key that seals were checked with, and whether it was given from outside the database."""

    key_id: str
    public_key: bytes
    given: bool


@dataclass(frozen=True, slots=True)
class CheckedCheckpoint:
    """One that was kept elsewhere: how many seals it is over, whether the log extends it, and who has cosigned it.

    `cosigned_at` has for each cosigner whose key was given when they signed, in seconds since 1970, and None where they
    did not; `other_signatures` are those that nobody could check.
    """

    seals: int
    is_extended: bool
    cosigned_at: dict[str, int | None]
    other_signatures: int


@dataclass(slots=True)
class SealReport:
    """What a check came to. `findings` holds LISTED at most; `finding_count` counts all of them.

    `schema` is None where the check ended before it: without the tables of seals there is nothing to compare.
    """

    schema: SchemaState | None = None
    seals: int = 0
    rows: int = 0
    first_hour: int | None = None
    sealed_until: datetime | None = None
    newest_seal: str | None = None
    keys: list[KeyUsed] = field(default_factory=list)
    findings: list[SealFinding] = field(default_factory=list)
    finding_count: int = 0
    never_sealed: bool = False
    checkpoints: list[CheckedCheckpoint] = field(default_factory=list)
    removed: dict[str, RemovedMonth] = field(default_factory=dict)
    """The months whose rows are gone from the log into an archive, by their names."""

    @property
    def is_unsealed(self) -> bool:
        """Whether all that is wrong is that the log was never sealed: there is no seal, no key, no trace of one."""
        return self.never_sealed and self.finding_count == 1

    @property
    def is_well(self) -> bool:
        """Whether nothing was found."""
        return not self.finding_count

    @property
    def is_well_as_far_as_known(self) -> bool:
        """Whether every row is as it was sealed, and only what protects a newer version's log cannot be judged."""
        return self.schema == "newer" and self.finding_count == 1

    def add(self, finding: SealFinding) -> None:
        """Count a finding, and keep it while there is room."""
        self.finding_count += 1
        if len(self.findings) < LISTED:
            self.findings.append(finding)
