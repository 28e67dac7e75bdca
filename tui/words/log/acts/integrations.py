"""What the log says of integrations: set up, changed, opened and tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.words.counts import counted
from tui.words.log.acts.parts import arrow, changes_in_words, ended, how_ended, switched, why_failed, with_more
from tui.words.log.details import value_words

if TYPE_CHECKING:
    from tui.words.log.acts.parts import ColumnWords, Sentence
    from tui.words.log.details import Told

_CREDENTIAL_COLUMNS: ColumnWords = {
    "display_name": lambda before, after: arrow(before, after, "display_name", "display name"),
    "is_active": lambda _before, after: switched(after, "is_active", "enabled", "disabled"),
    "is_verified": lambda _before, after: switched(after, "is_verified", "verified", "no longer verified"),
    "last_verified_at": lambda _before, after: "" if "is_verified" in after else "verified again",
}


def _credential_changes(told: Told) -> str:
    envelope = told.side("envelope")
    parts = []
    if told.listed("fields"):
        parts.append(f"changed: {told.listed('fields')}")
    elif envelope:
        parts.append("credential changed")
    return "; ".join(filter(None, [*parts, _format_change(told), *changes_in_words(told, _CREDENTIAL_COLUMNS)]))


def _format_change(told: Told) -> str:
    envelope = told.side("envelope")
    before, after = value_words(envelope.get("before")), value_words(envelope.get("after"))
    return "" if before == after else f"envelope: {before or 'none'} -> {after or 'none'}"


def _credential_updated(told: Told) -> str:
    if told.details.get("rotation") is True:
        return with_more(f"{told.on}, encrypted again with another master key", _format_change(told), "; ")
    changes = _credential_changes(told) or "nothing important changed"
    return f"{told.on}{' ' if changes.startswith('changed: ') else ', '}{changes}"


def _credential_created(told: Told) -> str:
    return with_more(f"{told.on} set up", _other_name(told, "after"), " as ")


def _credential_deleted(told: Told) -> str:
    name = _other_name(told, "before")
    return f"{told.on} deleted" + (f" ({name})" if name else "")


def _other_name(told: Told, side: str) -> str:
    """The display name, where it is not what the type is called anyway."""
    name = value_words(told.side(side).get("display_name"))
    return "" if name == told.on else name


def _switch(word: str) -> Sentence:
    def words(told: Told) -> str:
        before, after = told.side("before"), told.side("after")
        renamed = arrow(before, after, "display_name", "display name") if "display_name" in after else ""
        return with_more(f"{told.on} {word}", renamed, "; ")

    return words


def _rolled_back(told: Told) -> str:
    version = f" to version {told.count('version')}" if told.count("version") else ""
    return with_more(f"{told.on} rolled back{version}", told.listed("fields"))


def _restored(told: Told) -> str:
    return with_more(f"{told.on} restored", _other_name(told, "after"), " as ")


def _forgotten(told: Told) -> str:
    many = counted(told.count("versions"), "earlier version") if told.count("versions") else "earlier versions"
    return ended(told, f"{told.on}: {many} forgotten")


def _opened(word: str) -> Sentence:
    return lambda told: with_more(f"{told.on}, {word}", told.listed("fields"))


def _tested(told: Told) -> str:
    if told.status == "pending":
        return f"{told.on}: connection test started"
    if told.status == "success":
        before = told.details.get("tested_before_saving") is True or told.details.get("draft") is True
        return f"{told.on} tested: works{', before it was saved' if before else ''}"
    unknown = "the provider was not reached" if told.details.get("judgement") == "unknown" else ""
    return with_more(f"{told.on} test {how_ended(told)}", why_failed(told) or unknown)


def _configured(told: Told) -> str:
    return with_more(f"{told.on} configured", told.listed("fields"))


OF_INTEGRATIONS: dict[str, Sentence] = {
    "credential_created": _credential_created,
    "credential_updated": _credential_updated,
    "credential_deleted": _credential_deleted,
    "credential_enabled": _switch("enabled"),
    "credential_disabled": _switch("disabled"),
    "credential_rolled_back": _rolled_back,
    "credential_restored": _restored,
    "credential_revealed": _opened("secret shown"),
    "credential_copied": _opened("secret copied"),
    "credential_lent": _opened("lent to a program"),
    "credential_configured": _configured,
    "connection_tested": _tested,
    "credential_versions_forgotten": _forgotten,
}
