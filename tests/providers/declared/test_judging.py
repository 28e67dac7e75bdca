"""What an answer comes to: a no first, a yes only where everything fits, and no exception for any bytes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.support.definitions import GET, SUSPENDED, YES
from tests.support.drawn import drawn
from tui.providers.declared.definition import Condition, Get
from tui.providers.declared.judging import Answer, refusal
from tui.providers.https_host import Response

VALUES = {"account_id": "AC1", "token": "t0p"}
RIGHT = {"sid": "AC1", "status": "active"}


def answer(body: Any, status: int = 200) -> Answer:
    return Answer(Response(status, 1, {}, body if isinstance(body, bytes) else json.dumps(body).encode()))


def said(body: Any, status: int = 200, get: Get = GET) -> str:
    """ "yes", or the sentence, with "?" behind it where it says nothing about the credential."""
    failed = refusal(get, answer(body, status), VALUES, "api.acme.example", "Acme")
    return "yes" if failed is None else failed.sentence + ("?" if failed.is_temporary else "")


DIFFERENT = "api.acme.example answered, but not as the definition expects: "


def test_each_kind_of_answer_has_its_sentence() -> None:
    table = {
        said(RIGHT): "yes",
        said({"sid": "AC1", "status": "suspended"}): "The account is suspended.",
        said(RIGHT, 401): "Acme does not accept the credential (401).",
        said(RIGHT, 403): "Acme does not accept the credential (403).",
        said(RIGHT, 302): "api.acme.example answered with a redirect (302); redirects are not followed.?",
        said(RIGHT, 429): "api.acme.example is asked too often (429).?",
        said(RIGHT, 503): "api.acme.example could not answer just now (503).?",
        said(RIGHT, 404): f"{DIFFERENT}it answers 404.?",
        said({"sid": "AC1"}): f"{DIFFERENT}`status` is missing.?",
        said({"sid": "AC2", "status": "active"}): f"{DIFFERENT}`sid` has another value.?",
        said(b'{"sid": "AC1", "sid": "AC1", "status": "active"}'): (
            f"{DIFFERENT}what it answers is not to be read: it holds the same name twice.?"
        ),
        said(b'{"sid": "AC1", "status": "active", "n": 1e9999}'): (
            f"{DIFFERENT}what it answers is not to be read: it holds a number beyond what a double can hold.?"
        ),
        said(b'{"sid": "AC1", "status": "active", "n": NaN}'): (
            f"{DIFFERENT}what it answers is not to be read: it holds NaN or an infinity, which JSON does not have.?"
        ),
        said(b"[" * 200_000): f"{DIFFERENT}what it answers is not to be read: it is nested deeper than 100 levels.?",
        said(b'{"sid": "\xff"}'): f"{DIFFERENT}what it answers is not to be read: it is not UTF-8 text.?",
        said(b"<html>t0p"): f"{DIFFERENT}what it answers is not to be read: it is not JSON.?",
    }
    assert [*table] == [*table.values()]


FITS: list[tuple[Any, Any, bool]] = [
    (True, True, True),
    (True, 1, False),
    (1, True, False),
    (1, 1.0, True),
    (1.5, 1.5, True),
    (0, False, False),
    ("{account_id}", "AC1", True),
    ("{account_id}", "ac1", False),
    ("{account_id}", None, False),
    ("{account_id}", ["AC1"], False),
    ("x{{{account_id}}}", "x{AC1}", True),
    ("42", 42, True),
    ("42", 42.0, False),
    ("true", True, False),
    ("", "", True),
    ("{empty}", "", False),
]


def test_a_value_fits_by_kind_as_well() -> None:
    for wanted, value, fits in FITS:
        condition = Condition((200,), {"data.0.it": wanted})
        misfit = answer({"data": [{"it": value}]}).misfit(condition, {**VALUES, "empty": ""})
        assert (misfit == "") is fits, (wanted, value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["AC1", "active"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sid", "status", "0"]), inner),
    max_leaves=5,
)
near_yes = st.fixed_dictionaries({"sid": st.just("AC1") | json_values, "status": st.just("active") | json_values})
bodies = st.binary(max_size=60) | (json_values | near_yes).map(lambda value: json.dumps(value).encode())


@drawn(40, 1_000, body=bodies, status=st.just(200) | st.integers(100, 599))
def test_no_body_raises_and_none_is_a_yes_unless_it_is_one(body: bytes, status: int) -> None:
    if said(body, status) == "yes":
        value = json.loads(body)
        assert status == 200 and value["sid"] == "AC1" and value["status"] == "active"
    # A status that a definition took for a yes by mistake is none where every provider means a no.
    careless = Get("/", Condition(tuple(range(100, 600)), {}))
    assert (said(body, status, careless) == "yes") is (200 <= status < 300)


@drawn(40, 1_000, path=st.text(max_size=20) | st.sampled_from(["sid.0", "0.status", "0.0.0"]), value=json_values)
def test_a_path_leads_somewhere_or_nowhere_and_never_raises(path: str, value: Any) -> None:
    answer(value).at(path)
    assert answer(RIGHT).misfit(YES, VALUES) == ""
    assert answer(RIGHT).misfit(SUSPENDED.condition, VALUES) == "`status` has another value"
