"""One plain sentence for each row of the audit log, whatever the row holds: what happened, with names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.words.log.acts.integrations import OF_INTEGRATIONS
from tui.words.log.acts.numbers import OF_NUMBERS
from tui.words.log.acts.parts import ended, with_more
from tui.words.log.acts.permissions import OF_PERMISSIONS
from tui.words.log.acts.traffic import OF_TRAFFIC
from tui.words.log.acts.upkeep import OF_UPKEEP
from tui.words.log.details import Told
from tui.words.log.rows import summary
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.models.log import AuditRow
    from tui.words.log.acts.parts import Sentence
    from tui.words.log.details import LogNames

    Teller = Callable[[object], str]

LONGEST = 300
"""Characters of a sentence."""

# An action that is not here, of a program to come, is told by its details.
SENTENCES: dict[str, Sentence] = OF_INTEGRATIONS | OF_PERMISSIONS | OF_NUMBERS | OF_UPKEEP | OF_TRAFFIC

# Switchboard logs these when they are done; another program may write one of the same name that is not.
_OF_SUCCESS = ("credential_", "permission_", "number_", "type_", "log_sealed", "schema_changed")
_SAYS_ITS_END = "credential_versions_forgotten"
_NO_DETAILS: dict[str, Any] = {}


def sentence(row: AuditRow, names: LogNames) -> str:
    """Return what a row says happened, as safe text of LONGEST characters at most; never raises."""
    return sentence_of(row.action, row.integration_type, row.status, row.details, names)


def sentence_of(action: str, integration_type: str, status: str, details: object, names: LogNames) -> str:
    """Return the same of a row's columns. An action that nobody here knows is told by its name and its details."""
    return teller(action, integration_type, status, names)(details)


def teller(action: str, integration_type: str, status: str, names: LogNames) -> Teller:
    """Return what makes such a sentence of details: an export has ten million rows, and few that begin otherwise."""
    told = Told(action, integration_type, status, _NO_DETAILS, names)
    words = SENTENCES.get(action, _unknown)
    says_end = status != "success" and action.startswith(_OF_SUCCESS) and action in SENTENCES
    says_end = says_end and action != _SAYS_ITS_END

    def tell(details: object) -> str:
        told.details = details if isinstance(details, dict) else _NO_DETAILS
        text = ended(told, words(told)) if says_end else words(told)
        # Whoever keeps this keeps no row with it, which may be long.
        told.details = _NO_DETAILS
        # As safe_text would do, without the call.
        return text if len(text) <= LONGEST and text.isascii() and text.isprintable() else safe_text(text, LONGEST)

    return tell


def _unknown(told: Told) -> str:
    status = "" if told.status == "success" else f" {safe_text(told.status, 50)}"
    on = f" ({told.on})" if told.on not in ("", "none") else ""
    return with_more(f"{safe_text(told.action, 100)}{status}{on}", summary(told.details or None))
