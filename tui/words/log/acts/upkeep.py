"""What the log says of itself, of keys, logins, definitions, settings and the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.words.counts import counted
from tui.words.integrations.changes import change_sentence
from tui.words.log.acts.parts import act, arrow, how_ended, why_failed, with_more
from tui.words.log.details import value_words
from tui.words.log.rows import summary

if TYPE_CHECKING:
    from tui.words.log.acts.parts import Sentence, Side
    from tui.words.log.details import Told

DIGITS_SHOWN = 16
"""Of a SHA-256, of which the row has all."""


def _exported(told: Told) -> str:
    file = f" to {told.text('output')}" if told.text("output") else ""
    of = f", filter {told.text('typed', 'filter')}" if told.text("typed", "filter") else ""
    if told.status == "success":
        return f"exported {counted(told.count('rows'), 'row')}{file}{of}"
    if told.status == "failed":
        return f"export{file} failed: {why_failed(told) or 'no reason given'}{of}"
    return f"export{file} {'started' if told.status == 'pending' else how_ended(told)}{of}"


def _sealed(told: Told) -> str:
    until = told.details.get("sealed_until")
    hours = counted(told.count("seals"), "hour")
    return f"sealed {counted(told.count('rows'), 'row')} of {hours}{f', until {told.day(until)}' if until else ''}"


def _rotated(told: Told) -> str:
    if not told.text("from_key", "to_key"):
        return act("keys rotated")(told)
    many = f"{counted(told.count('credentials'), 'credential')}, {counted(told.count('versions'), 'kept version')}"
    left_out = f", {told.count('left_out'):,} left out" if told.count("left_out") else ""
    return f"master key changed, {told.text('from_key')} -> {told.text('to_key')}: {many}{left_out}"


def _retired(told: Told) -> str:
    return f"master key {told.text('key_id')} retired" if told.text("key_id") else act("key retired")(told)


_SETTINGS = {
    "versions_kept": "versions kept of each credential",
    "versions_days": "days that versions are kept",
    "log_months": "months that the log is to be kept",
}


def _archived(told: Told) -> str:
    month = told.text("month")
    if told.count("removed"):
        return f"{counted(told.count('removed'), 'archived row')} of {month} removed from the log"
    return f"log of {month} archived, {counted(told.count('rows'), 'row')}" if month else act("log archived")(told)


def _type(end: str) -> Sentence:
    def words(told: Told) -> str:
        digest, before = told.text("sha256")[:DIGITS_SHOWN], told.text("before")[:DIGITS_SHOWN]
        instead = f" in the place of {before}" if before else ""
        return with_more(f"definition of {told.on} {end}", f"SHA-256 {digest}{instead}" if digest else "")

    return words


def _setting_changed(told: Told) -> str:
    if told.text("setting") not in _SETTINGS:
        return act("settings changed")(told)
    return f"{_SETTINGS[told.text('setting')]}: {told.text('before')} -> {told.text('after')}"


def _change_noticed(told: Told) -> str:
    change = change_sentence(told.on, told.text("change"), told.text("number"), told.text("value"))
    return change or act("change noticed")(told)


def _seen(side: Side) -> str:
    """What a login may see, which names no more than how many organisations."""
    organizations = side.get("organizations")
    number = len(organizations) if isinstance(organizations, list) else 0
    return "all organisations" if side.get("sees_all") is True else counted(number, "organisation")


def _access_changed(told: Told) -> str:
    before, after = told.side("before"), told.side("after")
    login, change = f"login {told.text('login')}", told.text("change")
    if change in ("appointed", "dismissed") and (after or before):
        return f"{value_words((after or before).get('label')) or 'somebody'} {change} as an administrator over HTTP"
    if not told.text("login") or change not in ("mapped", "edited", "removed"):
        return act("access changed")(told)
    if change == "removed":
        return f"{login} removed, was {_of_login(before)}"
    if change == "mapped":
        return f"{login} is {_of_login(after)}: {value_words(after.get('role'))}, sees {_seen(after)}"
    seen = f"sees {_seen(before)} -> {_seen(after)}" if _seen(before) != _seen(after) else ""
    if not seen and before.get("organizations") != after.get("organizations"):
        seen = f"sees {_seen(after)}, others than before"
    parts = [arrow(before, after, name, name) for name in ("role", "note") if before.get(name) != after.get(name)]
    return with_more(login, "; ".join(filter(None, [*parts, seen])))


def _of_login(side: Side) -> str:
    return value_words(side.get("label")) or (
        "one that speaks for others" if side.get("speaks_for_others") else "nobody"
    )


def _schema_changed(told: Told) -> str:
    if told.text("accepted"):
        return f"accepted in the database: {told.text('accepted')}"
    number = told.text("schema_number")
    if not number:
        return with_more("schema changed", summary(told.details or None))
    return f"schema set up as {number}: {told.count('made'):,} created, {told.count('changed'):,} changed"


OF_UPKEEP: dict[str, Sentence] = {
    "log_exported": _exported,
    "log_sealed": _sealed,
    "log_archived": _archived,
    "keys_rotated": _rotated,
    "key_retired": _retired,
    "access_changed": _access_changed,
    "change_noticed": _change_noticed,
    "type_recorded": _type("recorded"),
    "type_withdrawn": _type("no longer recorded"),
    "settings_changed": _setting_changed,
    "schema_changed": _schema_changed,
    "checkpoint_made": act("checkpoint of the log created"),
}
