"""Every recorded refusal of a server, a pooler and libpq is named, with what to do and with the server's own words."""

from tests.support.refusal_table import DRIVER, PAGE, REFUSALS, SESSION, everything_told, page
from tests.support.refusing_server import PASSWORD, refused
from tui.data.errors import ConnectionFailed, ConnectionLost

GENERIC = ("There is no connection to the database.", "that Switchboard does not know", "The database refused it")


async def test_every_refusal_is_named_and_repeated_without_a_secret():
    told = await everything_told()
    wrong = []
    for refusal, failure in told.items():
        said = refusal.text.partition("\n")[0][:60]
        shown = f"{failure.sentence}\n{failure.what_to_do}\n{failure.details}"
        checks = {
            "its class": isinstance(failure, refusal.error)
            and isinstance(failure, ConnectionLost) == issubclass(refusal.error, ConnectionLost),
            "its sentence": refusal.sentence in failure.sentence,
            "its remedy": refusal.remedy in failure.what_to_do,
            "a sentence of its own": not any(words in failure.sentence for words in GENERIC),
            "the words": said in failure.what_to_do,
            "one line": failure.what_to_do.isprintable(),
            "no password": PASSWORD not in shown,
            # Else a COMMIT that the pooler ended would not be asked after.
            "a lost connection": refusal.when != SESSION or isinstance(failure, ConnectionFailed),
            "an answer": failure.answered is (refusal.when != DRIVER),
        }
        failed = [check for check, holds in checks.items() if not holds]
        wrong += [f"{refusal.source}: {refusal.text}: {', '.join(failed)}: {failure!r}"] if failed else []
    assert not wrong, "\n".join(wrong)
    assert len(REFUSALS) >= 40
    assert PAGE.read_text(encoding="utf-8") == page(told), "run python -m tests.support.refusal_table"


async def test_an_unknown_refusal_still_shows_the_words():
    for when, error in (("login", ConnectionFailed), ("session", ConnectionLost)):
        failure = await refused(when, "XX000", "the flux\n capacitor is empty")
        assert type(failure) is error
        assert "The server said: the flux" in failure.what_to_do
        assert "capacitor is empty" in failure.what_to_do
        assert PASSWORD not in f"{failure} {failure.details}"
        assert failure.answered
