"""A row of the log as a line of an archive: an object in JSON, of which the text that seals prove can be made again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from tui.data.seals.hours import ID, LEAVES

# Where in a line the hour stands, as 2026-01-31T08.
HOUR_AT = slice(15, 28)
# And the time, which ends with a quote.
TIME_AT = slice(15, 48)

# Every value is the same text as in what seals prove (tui/data/seals/hours.py), so that this can be put together
# without reading any JSON, whose numbers Python would not write again as they were. The time is first, where the hour
# can be cut out; the details are last, where they need no end. (Put together by concat() it took the server 1.4 times
# as long.)
COLUMNS = (
    "created_at", "id", "organization_id", "user_id", "integration_type", "action", "status", "ip_address",
    "user_agent", "details",
)  # fmt: skip
_UUID = rb'("[0-9a-f-]{36}"|null)'
_TEXT = rb'("[^"\\]*(?:\\.[^"\\]*)*"|null)'
LINE = re.compile(
    rb'\{"created_at":"(\d{4}-\d\d-\d\dT\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?\+00:00","id":'
    + _UUID
    + rb',"organization_id":'
    + _UUID
    + rb',"user_id":'
    + _UUID
    + rb',"integration_type":'
    + _TEXT
    + rb',"action":'
    + _TEXT
    + rb',"status":'
    + _TEXT
    + rb',"ip_address":(?:("[0-9a-f.:]+)(/\d+)?"|null),"user_agent":'
    + _TEXT
    + rb',"details":(.*)\}'
)
ID_IN = re.compile(rb'","id":"([0-9a-f-]{36})"')


def query(*, distinct_ids: bool, leaves_out: bool) -> str:
    """Return the statement that copies the rows of some hours out, in the order of their leaves.

    It takes %(start)s and %(until)s, in seconds since 1970, and where it `leaves_out` some %(left_out)s, hours of which
    no row is wanted. Equal times and ids are told apart by the leaf, which takes long and is spared where ids are
    distinct.
    """
    wanted = "and date_trunc('hour', l.created_at, 'UTC') <> all (%(left_out)s::timestamptz[])" if leaves_out else ""
    order = f"l.created_at, {ID}" + ("" if distinct_ids else f", {LEAVES[2]}")
    return f"""copy (
select row_to_json(r) from (
  select {", ".join(f"l.{name}" for name in COLUMNS)}
    from public.integration_audit_logs as l
   where l.created_at >= to_timestamp(%(start)s::float8) and l.created_at < to_timestamp(%(until)s::float8)
     {wanted}
   order by {order}) as r) to stdout"""


def text_of(line: bytes) -> bytes | None:
    """Return the text of a row that seals prove, made of its line without the line break; None for another line."""
    found = LINE.fullmatch(line)
    if found is None:
        return None
    hour, minute, second, fraction, row, organization, user, kind, action, status, address, _, agent, details = (
        found.groups()
    )
    try:
        begin = hour_moment(hour)
    except ValueError:
        return None
    microseconds = (
        begin + (int(minute) * 60 + int(second)) * 1_000_000 + (int(fraction.ljust(6, b"0")) if fraction else 0)
    )
    address = b"null" if address is None else address + b'"'
    return b"[%b, %b, %b, %b, %b, %b, %b, %b, %b, %d]" % (
        row, organization, user, kind, action, status, details, address, agent, microseconds
    )  # fmt: skip


@lru_cache(maxsize=1024)
def hour_moment(text: bytes) -> int:
    """Return an hour as a line has it, in microseconds since 1970. Raises ValueError."""
    return hour_seconds(text) * 1_000_000


def hour_seconds(text: bytes) -> int:
    """Return an hour as a line has it, in seconds since 1970. Raises ValueError."""
    return int(datetime.strptime(text.decode(), "%Y-%m-%dT%H").replace(tzinfo=UTC).timestamp())
