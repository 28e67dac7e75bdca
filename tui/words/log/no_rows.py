"""Why a list of the log is empty, and which filter has the rows whose sentences say what was looked for."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from tui.words.log.details import LogNames
from tui.words.log.sentences import SENTENCES, sentence_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

STATUSES = ("failed", "pending")
FEWEST_CHARACTERS = 4
"""Of a word that may be the beginning of another: "show" of "shown", and no article."""
MOST_ACTIONS = 2
# What sentences say only of some details.
_OF_DETAILS = {"number_unassigned": ("pool",), "credential_revealed": ("seen",)}


def no_rows_words(text: str, sought: Iterable[str] = (), archived: str = "") -> str:
    """Return why a list is empty: its filter, or the audit log; `sought` are the filter's words without a qualifier.

    Those are looked for in the columns as they are stored, and not in the sentence that a row is shown as. `archived`
    says which months are not in the log any more.
    """
    else_where = f"; {archived}" if archived else ""
    if not text:
        return f"The log of this organisation is empty{else_where}."
    suggested = suggestion(sought)
    return f"No row of the log is in this filter{else_where}.{f' Try {suggested}' if suggested else ''}"


def suggestion(sought: Iterable[str]) -> str:
    """Return the filter of the rows whose sentences have these words; "" where none has, or an action is called so."""
    actions: set[str] = set()
    statuses: set[str] = set()
    for text in map(str.casefold, sought):
        # The columns have been looked through for that.
        if any(text in stored for stored in (*SENTENCES, *STATUSES)):
            continue
        for word in text.split():
            meant = {action for action, words in _words_by_action().items() if _begins_one(word, words)}
            actions = actions & meant or actions | meant
            statuses |= {word} & set(STATUSES)
    if not 0 < len(actions) <= MOST_ACTIONS:
        return ""
    return " ".join([f"action:{','.join(sorted(actions))}", *(f"status:{status}" for status in sorted(statuses))])


def _begins_one(word: str, words: Iterable[str]) -> bool:
    return len(word) >= FEWEST_CHARACTERS and any(other.startswith(word) for other in words)


@cache
def _words_by_action() -> Mapping[str, Sequence[str]]:
    """Return the words of each action's sentence without details."""
    names = LogNames({}, str)
    sentences = {action: sentence_of(action, "", "success", {}, names).casefold() for action in SENTENCES}
    return {action: [*re.findall(r"[\w-]+", text), *_OF_DETAILS.get(action, ())] for action, text in sentences.items()}
