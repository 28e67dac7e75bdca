"""A pass over all envelopes, kept versions too: what opens, with which key, and a fingerprint of all contents."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tui.data.keys.encryption import Keyring, OpenedBytes, RowBinding
from tui.data.keys.envelopes import envelope_format
from tui.data.keys.gate import NOBODY
from tui.errors import Conflict, Unreadable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from hmac import HMAC
    from uuid import UUID

    from tui.data.postgres.database import Connection
    from tui.models.envelopes import UnreadableReason

    Stage = Literal["read", "opened", "written", "checked", "saving"]
    Progress = Callable[[Stage, int, int], None]
    """Called with what is done, and of how many of all envelopes, before the first and then now and then.

    After "saving" the outcome is the server's: nothing but COMMIT is left.
    """

Place = Literal["credential", "version"]

# A page ends with either.
BATCH = 500
PAGE_BYTES = 8_000_000

COUNTS = """
select (select count(*) from public.integration_credentials) as credentials,
       (select count(*) from switchboard.credential_versions) as versions
"""
_PAGE = """
select p.id, p.credential_id, p.organization_id, p.integration_type, p.envelope
  from (select r.*, sum(octet_length(r.envelope)) over (order by r.id rows unbounded preceding) as bytes,
               row_number() over (order by r.id) as place
          from ({rows} order by 1 limit %(limit)s) as r) as p
 where p.place = 1 or p.bytes <= %(most)s order by p.id
"""
CREDENTIALS = _PAGE.format(
    rows="""
        select c.id, c.id as credential_id, c.organization_id, c.integration_type, c.credentials_encrypted as envelope
          from public.integration_credentials as c
         where %(after)s::uuid is null or c.id > %(after)s::uuid"""
)
VERSIONS = _PAGE.format(
    rows="""
        select v.id, v.credential_id, v.organization_id, v.integration_type, v.envelope
          from switchboard.credential_versions as v
         where %(after)s::bigint is null or v.id > %(after)s::bigint"""
)


class RowCount(NamedTuple):
    """How many rows hold an envelope."""

    credentials: int
    versions: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.credentials + self.versions


class Opening(NamedTuple):
    """A row, and its envelope as it opened, or why it does not."""

    row: dict[str, Any]
    binding: RowBinding
    result: OpenedBytes | Unreadable

    @classmethod
    def of(cls, keyring: Keyring, row: dict[str, Any]) -> Opening:
        """Open a row that `pages` gave; never raises for an envelope that does not open."""
        # An adopted row may lack its organisation; no envelope is bound to nobody, so such a row does not open.
        binding = RowBinding(row["credential_id"], row["organization_id"] or NOBODY, str(row["integration_type"]))
        try:
            return cls(row, binding, keyring.open_bytes(row["envelope"] or "", binding))
        except Unreadable as failure:
            return cls(row, binding, failure)


class Left(NamedTuple):
    """An envelope that no key at hand opens: of a credential, by its id, or of a version, by its number."""

    place: Place
    id: UUID | int
    credential_id: UUID
    reason: UnreadableReason


@dataclass(slots=True)
class EnvelopeCount:
    """What a pass found: how many envelopes there are by key and by format, and which do not open.

    `fingerprint` stands for the contents of all that opened, in the order of their rows: SHA-256 over an HMAC-SHA256 of
    each row's id and plaintext. With the same key of the HMAC the same contents give the same one.
    """

    credentials: int = 0
    versions: int = 0
    by_key: dict[str, int] = field(default_factory=dict)
    by_format: dict[str, int] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    fingerprint: str = ""

    @property
    def total(self) -> int:
        """All envelopes that were looked at."""
        return self.credentials + self.versions

    def opened(self, place: Place) -> int:
        """Return how many of them opened, so that a rotation encrypts them again."""
        looked_at = self.credentials if place == "credential" else self.versions
        return looked_at - sum(left.place == place for left in self.left)

    def add(self, place: Place, opening: Opening, fingerprint: Fingerprint) -> None:
        """Count one envelope."""
        row, result = opening.row, opening.result
        if place == "credential":
            self.credentials += 1
        else:
            self.versions += 1
        shape = envelope_format(row["envelope"] or "") or "malformed"
        self.by_format[shape] = self.by_format.get(shape, 0) + 1
        if isinstance(result, Unreadable):
            self.left.append(Left(place, row["id"], row["credential_id"], result.reason))
            return
        name = result.key_id or f"{result.key.source} (legacy)"
        self.by_key[name] = self.by_key.get(name, 0) + 1
        fingerprint.add(place, row["id"], result.plaintext)

    def require_all(self, rows: RowCount) -> None:
        """Raise Conflict where rows were not reached: they have no id, or one that another row has as well."""
        if (self.credentials, self.versions) != rows:
            raise Conflict(
                f"Of {rows.total} rows {self.total} can be told apart by their ids; nothing was changed.",
                "Give each row of integration_credentials an id of its own.",
            )


class Fingerprint:
    """A fingerprint of contents that are added in the order of their rows."""

    def __init__(self, keyed: HMAC) -> None:
        self._keyed = keyed
        self._all = hashlib.sha256()

    def add(self, place: Place, row_id: UUID | int, plaintext: bytes) -> None:
        """Add the content of one row."""
        name = f"{place} {row_id} ".encode()
        content = self._keyed.copy()
        content.update(len(name).to_bytes(4, "big") + name + plaintext)
        self._all.update(content.digest())

    def hexdigest(self) -> str:
        """Return it as 64 hexadecimal digits."""
        return self._all.hexdigest()


def report_nothing(stage: str, done: int, total: int) -> None:
    """Let nobody know."""


async def count_rows(connection: Connection) -> RowCount:
    """Count the rows of both tables."""
    row = await (await connection.execute(COUNTS)).fetchone() or {}
    return RowCount(row["credentials"], row["versions"])


async def count_envelopes(
    connection: Connection,
    keyring: Keyring,
    fingerprints: HMAC,
    report: Callable[[int], object],
) -> EnvelopeCount:
    """Open every envelope with the keys at hand, in a worker thread, and count them; writes nothing.

    `report` is called with how many are done.
    """
    count = EnvelopeCount()
    report(0)
    fingerprint = Fingerprint(fingerprints)
    async for place, rows in pages(connection):
        for opening in await asyncio.to_thread(_open_page, keyring, rows):
            count.add(place, opening, fingerprint)
        report(count.total)
    count.fingerprint = fingerprint.hexdigest()
    return count


def _open_page(keyring: Keyring, rows: list[dict[str, Any]]) -> list[Opening]:
    return [Opening.of(keyring, row) for row in rows]


async def pages(connection: Connection) -> AsyncIterator[tuple[Place, list[dict[str, Any]]]]:
    """All credentials and then all versions, BATCH at a time, in the order of their ids."""
    places: tuple[tuple[Place, str], ...] = (("credential", CREDENTIALS), ("version", VERSIONS))
    for place, query in places:
        after: Any = None
        while rows := await (
            await connection.execute(query, {"after": after, "limit": BATCH, "most": PAGE_BYTES})
        ).fetchall():
            yield place, rows
            after = rows[-1]["id"]
            if after is None:
                break
