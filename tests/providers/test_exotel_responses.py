"""Every answer of Exotel ends in its own sentence, with the likely cause and what to do."""

from __future__ import annotations

import base64
import json
import logging
import urllib.parse
from dataclasses import replace

import pytest

from tests.support.answer_shapes import ASKED, NO_YES, YES
from tests.support.exotel_cases import CASES, PATIENCE_S, dead_ends, decisive, verdict_of_dead_end, verdicts_of
from tests.support.servers.exotel import API_KEY, API_TOKEN, AUTH_TOKEN, SID, basic
from tui.providers.exotel_responses import account_refusal, refusal, templates_refusal
from tui.providers.https_host import Response

LATE = f"within {PATIENCE_S:g} s"
REGION = "try api.exotel.com or api.in.exotel.com"
PROXY = "a proxy or the sign-in page of a network"
LOOK = "my.exotel.com"

REACH = {
    "reach: refused": ("refused the connection: nothing listens", "Check the API host"),
    "reach: no connection in time": (f"did not accept the connection {LATE}", "lets connections to port PORT out"),
    "reach: no TLS in time": (
        f"accepted the connection, but did not answer TLS {LATE}",
        "Check the API host and its port",
    ),
    "reach: hung up": ("closed the connection during the TLS handshake", "may forbid it"),
    "reach: certificate of another name": ("is for another name", "spelling of the API host"),
    "reach: certificate expired": ("certificate of HOST has expired", "date of this machine"),
    "reach: certificate not valid yet": ("is not valid yet", "date of this machine"),
    "reach: certificate of an unknown authority": (
        "not signed by an authority that this machine trusts",
        "SSL_CERT_FILE",
    ),
    "reach: certificate signed by itself": ("is self-signed", "check the API host"),
    "reach: no TLS": ("does not speak TLS", "nothing is ever sent without TLS"),
}

# outcome, code, part of the sentence, part of what to do
ANSWERS = {
    "account: JSON": ("passed", "200", "", ""),
    "account: XML": ("passed", "200", "", ""),
    "account: 400": ("failed", "400", "does not understand", "SID is most likely mistyped"),
    "account: 401": ("failed", "401", "does not accept the API key and token", REGION),
    "account: 402": ("failed", "402", "balance or plan", "Top it up"),
    "account: 403": ("failed", "403", "forbids its use", "suspended, or the key restricted to other addresses"),
    "account: 403 as a web page": ("doubtful", "403", "forbids its use", "a proxy may have given it"),
    "account: 403 of v1 as a web page": ("failed", "403", "forbids its use", "suspended"),
    "account: 401 that never ends": ("failed", "401", "does not accept the API key and token", REGION),
    "account: error inside": ("doubtful", "200", "answered 200, but with an error inside", LOOK),
    "account: another account": ("doubtful", "200", "answered with another account", "Check the account SID"),
    "KYC: pending": ("doubtful", "200", "KYC of this account (pending): until then Indian numbers are blocked", LOOK),
    "KYC: unknown": ("doubtful", "200", "not completed the KYC of this account: until then", LOOK),
    "account: 404": ("failed", "404", "knows no account of this SID", REGION),
    "account: 407": ("doubtful", "407", "asks for a sign-in first", PROXY),
    "account: 409": ("doubtful", "409", "not an answer to this request", "Check the API host"),
    "account: 429": ("doubtful", "429", "too many requests", "Wait a minute"),
    "account: 429 for 30 s": ("doubtful", "429", "too many requests", "Try again in 30 s."),
    "account: 429 until a date": ("doubtful", "429", "too many requests", "Try again in 10 min."),
    "account: 429 until nonsense": ("doubtful", "429", "too many requests", "Wait a minute"),
    "account: 500": ("doubtful", "500", "internal error (500)", "Wait a minute"),
    "account: 502": ("doubtful", "502", "internal error (502)", "Wait a minute"),
    "account: 503": ("doubtful", "503", "internal error (503)", "503 to too many requests"),
    "account: 503 for 5 min": ("doubtful", "503", "internal error", "Try again in 5 min."),
    "account: 511": ("doubtful", "511", "asks for a sign-in first", PROXY),
    "account: a web page": ("doubtful", "200", "a web page instead of data", PROXY),
    "account: a web page called JSON": ("doubtful", "200", "a web page instead of data", PROXY),
    "account: XML, suspended": ("failed", "200", "the account is suspended", "Only Exotel can change that"),
    "account: suspended": ("failed", "200", "the account is suspended", "Only Exotel can change that"),
    "account: unknown status": ("doubtful", "200", "a status that Switchboard does not know", LOOK),
    "account: not an account": ("doubtful", "200", "did not answer with an account", "another service"),
    "account: not JSON": ("doubtful", "200", "did not answer with an account", "another service"),
    "account: deeper than any parser": ("doubtful", "200", "did not answer with an account", "another service"),
    "account: no content": ("doubtful", "204", "answered 204", "Check the API host"),
    "account: redirect": ("doubtful", "302", "request (302), to elsewhere.example.", "Nothing was sent there"),
    "account: redirect to http": ("doubtful", "301", "to twilix.exotel.com without TLS.", "Nothing was sent there"),
    "account: redirect to nowhere": ("doubtful", "307", "redirects the request (307).", "Nothing was sent"),
    "account: compressed": ("doubtful", "200", "compressed its answer", "not unpacked"),
    "account: silent": ("doubtful", "", f"accepted the request, but did not answer {LATE}", "try again later"),
    "account: dripping": ("doubtful", "200", f"began to answer, but did not finish {LATE}", "try again later"),
    "account: endless": ("doubtful", "200", "more than 64 kB", "not an answer of Exotel"),
    "account: cut": ("doubtful", "200", "broke off in the middle", "try again"),
    "account: garbage": ("doubtful", "", "what it answers is not HTTP", "its port"),
    "account: hang up": ("doubtful", "", "closed the connection without an answer", "Try again"),
    "number: listed": ("passed", "200", "+911141169368 is an ExoPhone of this account and has voice.", ""),
    "number: listed on the third page": ("passed", "200", "+911141160120 is an ExoPhone", ""),
    "number: none listed": ("failed", "200", "has no ExoPhones", "Check the account SID"),
    "number: one digit wrong": ("failed", "200", "not one of the 10 ExoPhones", "The nearest is +911141169368."),
    "number: quite another": ("failed", "200", "not the one ExoPhone", "There is +911141169368."),
    "number: without voice": ("failed", "200", "but it has no voice", "ask Exotel's support for voice"),
    "number: capability not told": ("doubtful", "200", "does not say whether it has voice", LOOK),
    "number: masked": ("doubtful", "200", "1 of 1 ExoPhones cannot be read", LOOK),
    "number: list is 401": ("doubtful", "401", "accepts the key, but not for the list of ExoPhones", LOOK),
    "number: list is 403": ("doubtful", "403", "accepts the key, but not for the list of ExoPhones", LOOK),
    "number: list is 404": ("doubtful", "404", "accepts the key, but not for the list of ExoPhones", LOOK),
    "number: list is 429": ("doubtful", "429", "not checked. Exotel got too many requests", "in 30 s"),
    "number: list is 500": ("doubtful", "500", "not checked. HOST has an internal error", "Wait"),
    "number: list is a web page": ("doubtful", "200", "not checked. HOST answered with a web page", PROXY),
    "number: list is XML": ("doubtful", "200", "not with a list of ExoPhones", "its API may have changed"),
    "number: list is cut": ("doubtful", "200", "broke off in the middle", "try again"),
    "number: list is endless": ("doubtful", "200", "more than 1024 kB", "check the API host"),
    "number: pages do not turn": ("doubtful", "200", "the same 50 ExoPhones for every page", "ask Exotel"),
    "number: list without an end": ("doubtful", "", "not ended after 100 pages", "check the API host"),
    "number: without voice in v1's words": ("doubtful", "200", "but it has no voice", "ask Exotel's support"),
    "number: not in v1's list": ("doubtful", "200", "is not the one ExoPhone", "Correct the number"),
    "call flow: none": ("doubtful", "200", "has no call flow: whoever calls it hears nothing", "> ExoPhones"),
    "caller ID: listed": ("passed", "200", "+911141160000 is an ExoPhone", ""),
    "caller ID: not listed": ("failed", "200", "+918033755555 is not the one ExoPhone", "Correct the number"),
    "sms: listed": ("passed", "200", "has SMS", ""),
    "sms: without SMS": ("failed", "200", "but it has no SMS", "ask Exotel's support for SMS"),
    "sms: a sender name": ("doubtful", "", "A sender name cannot be looked up", "approved"),
    "templates: no WABA id": ("doubtful", "", "not proven: no WABA id is given", "With the WABA id"),
    "templates: listed": ("passed", "200", "whether the number belongs to it cannot be asked", ""),
    "templates: 400": ("failed", "400", "gives no templates for this WABA (400)", "Check the WABA id"),
    "templates: 401": ("failed", "401", "gives no templates for this WABA (401)", "Check the WABA id"),
    "templates: 403": ("failed", "403", "gives no templates for this WABA (403)", "WhatsApp is enabled"),
    "templates: 404": ("failed", "404", "gives no templates for this WABA (404)", "Check the WABA id"),
    "templates: 429": ("doubtful", "429", "too many requests", "Wait a minute"),
    "templates: 200 around 404": ("failed", "404", "gives no templates for this WABA (404)", "Check the WABA id"),
    "templates: 200 around code 403": (
        "failed",
        "403",
        "gives no templates for this WABA (403)",
        "WhatsApp is enabled",
    ),
    "templates: no list": ("doubtful", "200", "not with a list of templates", "its API may have changed"),
    "templates: silent": ("doubtful", "", f"did not answer {LATE}", "try again later"),
}

SUBJECTS = {"reach": "host", "caller ID": "caller ID", "sms": "number"}


def test_the_table_has_every_case() -> None:
    assert set(CASES) == set(ANSWERS) | {name for name in REACH if name in CASES}


@pytest.mark.parametrize("name", ANSWERS)
async def test_each_answer_has_its_own_verdict(name: str, caplog: pytest.LogCaptureFixture) -> None:
    outcome, code, sentence, what_to_do = ANSWERS[name]
    caplog.set_level(logging.DEBUG)
    verdicts, server = await verdicts_of(CASES[name])
    verdict = decisive(verdicts)
    assert (verdict.level, verdict.outcome, verdict.code) == ("answer", outcome, code), verdict
    assert sentence in verdict.sentence
    assert what_to_do in verdict.what_to_do
    assert bool(verdict.what_to_do) == (outcome != "passed")
    place = name.partition(":")[0]
    if outcome != "passed":
        assert verdict.subject == SUBJECTS.get(place, place)
    assert [(verdict.level, verdict.outcome) for verdict in verdicts[:1]] == [("reach", "passed")]
    assert all(verdict.milliseconds is not None for verdict in verdicts if verdict.code)
    # Read-only, nothing asked twice, the credential in its header alone.
    assert {(request.method, request.authorization) for request in server.requests} == {
        ("GET", basic(API_KEY, API_TOKEN))
    }
    questions = [(request.path, *sorted(request.query.items())) for request in server.requests]
    assert len(questions) == len(set(questions))
    # What the account's body or an error says is repeated nowhere.
    text = f"{verdicts!r} {caplog.text}"
    for secret in (AUTH_TOKEN, API_KEY, API_TOKEN, "canary"):
        for form in (secret, base64.b64encode(secret.encode()).decode().rstrip("="), urllib.parse.quote(secret)):
            assert form not in text
    assert SID not in caplog.text


@pytest.mark.parametrize("name", [name for name in REACH if name in CASES])
async def test_a_wrong_certificate_ends_before_anything_is_asked(name: str) -> None:
    (verdict,), server = await verdicts_of(CASES[name])
    sentence, what_to_do = REACH[name]
    assert (verdict.level, verdict.subject, verdict.outcome, verdict.code) == ("reach", "host", "failed", "")
    assert sentence in verdict.sentence
    assert what_to_do in verdict.what_to_do
    assert server.requests == []


async def test_each_way_of_not_being_reached_has_its_own_sentence() -> None:
    with dead_ends() as hosts:
        verdicts = {name: await verdict_of_dead_end(host) for name, host in hosts.items()}
    unknown = verdicts.pop("reach: no such name")
    # Without a network there is no name server to say that the name does not exist.
    assert unknown.sentence in {"There is no host called HOST.", "The name server did not say where HOST is."}
    for name, verdict in verdicts.items():
        sentence, what_to_do = REACH[name]
        assert (verdict.level, verdict.subject, verdict.outcome) == ("reach", "host", "failed")
        assert sentence in verdict.sentence, name
        assert what_to_do in verdict.what_to_do, name
        assert verdict.milliseconds is not None


def test_within_a_200_only_the_documented_shape_of_success_is_a_yes() -> None:
    """Both for the account and for the templates; the list of ExoPhones is none that comes with an error."""
    for body, code in NO_YES:
        answer = Response(200, 1, {}, body if isinstance(body, bytes) else json.dumps(body).encode())
        for read in (account_refusal, templates_refusal):
            refused = read(answer, ASKED)
            assert refused is not None, (read.__name__, body)
            if not isinstance(body, bytes) or read is account_refusal:
                assert refused.code == code, (read.__name__, body)
            assert refused.says_no == (refused.code != "200"), body
            assert AUTH_TOKEN not in repr(refused)
        if code != "200" and isinstance(body, dict):
            list_response = replace(answer, body=json.dumps({**body, "incoming_phone_numbers": []}).encode())
            assert (refused := refusal(list_response, ASKED)) is not None, body
            assert refused.code == code
    for body in YES:
        answer = Response(200, 1, {}, json.dumps(body).encode())
        for read in (account_refusal, templates_refusal):
            assert read(answer, ASKED) is None, (read.__name__, body)
