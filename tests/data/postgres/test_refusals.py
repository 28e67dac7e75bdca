"""Every recorded refusal of a server, a pooler and libpq is named, with what to do and with the server's own words."""

import time

import psycopg

from tests.generate.refusals import DOCUMENT, meet_every_refusal, refusals_document
from tests.support.servers.refusals import DRIVER, REFUSALS, SESSION
from tests.support.servers.refusing import PASSWORD, refused
from tui.data.postgres.failures import availability_of
from tui.data.postgres.liveness import Liveness
from tui.errors import ConnectionFailed, ConnectionLost, UnknownRefusal

GENERIC = ("There is no connection to the database.", "that Switchboard does not know", "The database refused it")


async def test_every_refusal_is_named_and_repeated_without_a_secret():
    failures = await meet_every_refusal()
    wrong = []
    for refusal, failure in failures.items():
        words = refusal.text.partition("\n")[0][:60]
        texts = f"{failure.sentence}\n{failure.what_to_do}\n{failure.details}"
        checks = {
            "its class": isinstance(failure, refusal.error)
            and isinstance(failure, ConnectionLost) == issubclass(refusal.error, ConnectionLost),
            "its sentence": refusal.sentence in failure.sentence,
            "its remedy": refusal.remedy in failure.what_to_do,
            "a sentence of its own": not any(words in failure.sentence for words in GENERIC),
            "the words": words in failure.what_to_do,
            "one line": failure.what_to_do.isprintable(),
            "no password": PASSWORD not in texts,
            # Else a COMMIT that the pooler ended would not be asked after.
            "a lost connection": refusal.when != SESSION or isinstance(failure, ConnectionFailed),
            "an answer": failure.answered is (refusal.when != DRIVER),
        }
        failed = [check for check, holds in checks.items() if not holds]
        wrong += [f"{refusal.source}: {refusal.text}: {', '.join(failed)}: {failure!r}"] if failed else []
    assert not wrong, "\n".join(wrong)
    assert len(REFUSALS) >= 40
    assert DOCUMENT.read_text(encoding="utf-8") == refusals_document(failures), "run python -m tests.generate.refusals"


async def test_an_unknown_refusal_still_shows_the_words():
    for when, error in (("login", UnknownRefusal), ("session", ConnectionLost)):
        failure = await refused(when, "XX000", "the flux\n capacitor is empty")
        assert type(failure) is error
        assert "The server said: the flux" in failure.what_to_do
        assert "capacitor is empty" in failure.what_to_do
        assert PASSWORD not in f"{failure} {failure.details}"
        assert failure.answered


async def test_a_refusal_in_other_words_may_pass_and_is_not_tried_as_often_as_silence():
    # libpq tells no SQLSTATE of a failed login, so that another language's words say nothing.
    for sqlstate, text in (
        ("57P03", "das Datenbanksystem startet"),
        ("53300", "tut mir leid, schon zu viele Verbindungen"),
        ("XX000", "Control plane request failed"),
        ("XX000", "Timed-out waiting to acquire database connection"),
    ):
        failure = await refused("login", sqlstate, text)
        assert (type(failure), failure.may_pass, availability_of(failure)) == (UnknownRefusal, True, "refuses"), text
    for text in ('password authentication failed for user "eve"', 'database "app" does not exist'):
        failure = await refused("login", "28000", text)
        assert (failure.may_pass, availability_of(failure)) == (False, "refuses"), text


async def test_a_login_that_is_refused_is_tried_again_after_half_a_minute_whatever_the_words():
    for text, least in (
        ("das Datenbanksystem startet", 20),
        ('password authentication failed for user "eve"', 20),
        ("the database system is starting up", 0),
        ("sorry, too many clients already", 0),
    ):

        async def ask(words=text):
            raise psycopg.OperationalError(f"connection failed: FATAL:  {words}")

        liveness = Liveness(ask, patience=lambda: 1.0, rest=lambda: 0.0)
        await liveness.until(lambda liveness=liveness: liveness.failure is not None)
        assert least < liveness.next_at - time.monotonic() < least + 11, text
