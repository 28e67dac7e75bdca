"""Why the log shows nothing, and the filter that has what was looked for."""

from __future__ import annotations

import pytest

from tui.words.log.no_rows import no_rows_words


@pytest.mark.parametrize(
    ("sought", "suggested"),
    [
        (("shown",), "action:credential_revealed"),
        (("secret",), "action:credential_copied,credential_revealed"),
        (("Secret", "show"), "action:credential_revealed"),
        (("call failed",), "action:call_made,call_received status:failed"),
        (("e-mail",), "action:email_received,email_sent"),
        # What stands in a column has been looked for there; and of too many actions none is meant.
        *(
            (words, "")
            for words in (("failed",), ("revoked",), ("call", "received"), ("nothing",), ("a",), ("x$(id)",))
        ),
    ],
)
def test_words_of_sentences_that_no_column_has_lead_to_their_actions(sought: tuple[str, ...], suggested: str) -> None:
    said = no_rows_words(" ".join(sought), sought)
    assert said == f"No row of the log is in this filter.{suggested and f' Try {suggested}'}"
