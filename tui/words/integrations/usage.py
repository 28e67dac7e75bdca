"""How the last use of a credential, and whom a delete of it concerns, are said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tui.words.integrations.description import NOT_VISIBLE
from tui.words.log.archived import archived_words
from tui.words.numbers.phone_number import display
from tui.words.people.names import NAME_MOST
from tui.words.text import safe_text
from tui.words.times import ago, to_the_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from tui.data.integrations.usage import NamedDependents, Usage, Use

PROGRAM_DAYS = 90
"""How far back a program that was seen is one that depends on an integration."""
MOST_NAMED = 3
"""People, numbers and programs that a line names, so that a question about a delete has room for its answers."""
PROGRAM_MOST = NAME_IN_QUESTION = 30
TOO_SLOW = "the log took too long to ask; `switchboard setup` builds the indexes it lacks"
BROWSERS = "Mozilla"
_OPENED = {
    "credential_revealed": "secret shown",
    "credential_copied": "secret copied",
    "credential_lent": "lent to a program",
}


def with_usage(
    facts: Iterable[tuple[str, str]], usage: Usage | None, zone: tzinfo, now: datetime | None = None
) -> Iterator[tuple[str, str]]:
    """Yield facts with when it was last used, and the programs beside the people and numbers that use it.

    As few lines as that takes: on 24 rows a detail has eight, and beside a list names of programs take many.
    """
    for label, text in facts:
        if label != "Used by" or usage is None:
            yield label, text
            continue
        yield "Last used", last_used(usage, zone)
        yield label, text if usage.unknown else f"{text}; {_programs_seen(usage, now)}"


def last_used(usage: Usage, zone: tzinfo) -> str:
    """Return the newest use, or since when there was none as far as the log goes back."""
    if usage.unknown:
        return NOT_VISIBLE if usage.unknown == "not visible" else TOO_SLOW
    if usage.last is not None:
        return f"{to_the_minute(usage.last.at, zone)}, {_use(usage.last)}"
    if usage.archived_before is not None:
        return f"not since {to_the_minute(usage.archived_before, zone)}; {archived_words(usage.archived_before)}"
    if usage.log_since is None:
        return "not known: the log of this organisation is empty"
    since = "it was set up" if usage.has_all else "the log began"
    return f"never since {since}, {to_the_minute(usage.log_since, zone)}"


def deletion_facts(
    usage: Usage, dependents: NamedDependents, zone: tzinfo, now: datetime | None = None
) -> tuple[str, ...]:
    """Return what a question about a delete says of those that it concerns, a line each, as safe text."""
    lines = [f"Last used: {last_used(usage, zone)}."]
    people = None if dependents.people is None else [name for _, name in dependents.people]
    for what, names, shown in (("People", people, str), ("Numbers", dependents.phone_numbers, display)):
        if names is None:
            lines.append(f"{what}: {NOT_VISIBLE}.")
        elif names:
            few = [safe_text(shown(name), NAME_IN_QUESTION) for name in names[:MOST_NAMED]]
            lines.append(f"{what}: {_named(few, len(names))}.")
    if not usage.unknown:
        lines.append(f"Programs: {_programs_seen(usage, now)}.")
    return tuple(lines)


def program_words(name: str) -> str:
    """Return what a program is called: what its user agent says before the first slash, as safe text."""
    return "web browsers" if name == BROWSERS else safe_text(name, PROGRAM_MOST) or "a program without a name"


def _use(use: Use) -> str:
    who = safe_text(use.by, NAME_MOST) if use.by else ""
    if use.action in _OPENED:
        return f"{_OPENED[use.action]}{f' by {who}' if who else ''}"
    action = safe_text(use.action.replace("_", " "), PROGRAM_MOST)
    return f"{action} by {program_words(use.program)}{f' for {who}' if who else ''}"


def _programs_seen(usage: Usage, now: datetime | None) -> str:
    if usage.programs:
        few = [f"{program_words(name)} ({ago(at, now)})" for name, at in usage.programs[:MOST_NAMED]]
        return _named(few, len(usage.programs))
    began_since = (now or datetime.now(UTC)) - timedelta(days=PROGRAM_DAYS)
    is_young = not usage.has_all and (usage.log_since is None or usage.log_since > began_since)
    if is_young and usage.archived_before is not None:
        return f"no program seen; {archived_words(usage.archived_before)}"
    return f"no program seen {'since the log began' if is_young else f'in {PROGRAM_DAYS} days'}"


def _named(shown: Sequence[str], count: int) -> str:
    """Return "a, b and c", or the ones that are shown and how many more there are."""
    if count > len(shown):
        return f"{', '.join(shown)} and {count - len(shown):,} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else shown[0]
