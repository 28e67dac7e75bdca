"""What is said of people and organisations that a login may not see, and whom a row then names."""

from __future__ import annotations

from tests.support.acme import ACME, ASHA
from tui.models.people import Login
from tui.words.people.names import CLAIM, Origin, author
from tui.words.people.scope import in_sight, not_in_directory

EVERYWHERE = Login("sb_asha", None, vouches=False, organizations=None, database_has_logins=True)
SCOPED = EVERYWHERE._replace(organizations=(ACME,))


def test_nothing_is_said_of_what_is_out_of_sight() -> None:
    assert (in_sight(None), in_sight(EVERYWHERE), in_sight(SCOPED)) == ("", "", " that your login sees")
    assert not_in_directory(EVERYWHERE, "gone") == "gone"
    assert not_in_directory(SCOPED, "gone") == "out of your login's sight or not in the directory"


def test_somebody_out_of_sight_has_the_label_of_the_row() -> None:
    """Checked red: a claim was an id, beside the label that somebody had typed."""
    assert author(ASHA, {}, "asha@acme.example") == "~asha@acme.example"
    assert author(ASHA, {}, "asha@acme.example", Origin("login", "sb_asha")) == "asha@acme.example"
    assert author(ASHA, {}, {"not": "text"}, CLAIM) == f"~{ASHA}"
    assert author(None, {}) == ""
