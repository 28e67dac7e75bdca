"""Whatever the routes' own document allows, and much that it does not: never an answer that nobody foresaw."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.acme import ACME, ASHA
from tests.support.canaries import found_in
from tests.support.database.number_rows import RAVI
from tests.support.database.requesters import GITA, HARI, NILS, NOBODY, VERA
from tests.support.servers.exotel import API_KEY, API_TOKEN, AUTH_TOKEN
from tests.support.servers.http import HttpServer, bearer
from tui.http.answers import STATUSES
from tui.http.openapi import openapi_document
from tui.providers import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

DOCUMENT = openapi_document()
Request = tuple[str, str, dict[str, str], bytes]
"""Method, path, headers and body."""
PEOPLE = (ASHA, RAVI, VERA, NILS, GITA, HARI, NOBODY)
FIELDS = sorted({field.name for type_ in registry().values() for field in type_.fields})
TEXTS = st.one_of(
    st.text(max_size=40), st.sampled_from(["", "localhost", "exampleco1", "+918033755555", str(ACME), "\0", "'"])
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda children: st.one_of(
        st.lists(children, max_size=3), st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=6,
)


def of_schema(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of what the document says of a body; of other properties those that integrations have."""
    properties = {
        name: st.one_of(
            TEXTS, st.none(), st.uuids().map(str), st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=3)
        )
        for name in schema["properties"]
    }
    declared = st.fixed_dictionaries({}, optional=properties)
    if not schema.get("additionalProperties"):
        return declared
    others = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5)
    return st.builds(lambda one, other: {**one, **other}, declared, others)


NAMES = {
    "type": st.one_of(st.sampled_from([*registry(), "no_such"]), st.text(min_size=1, max_size=20)),
    "id": st.one_of(st.just(str(NOBODY)), st.text(min_size=1, max_size=40)),
}
HEADERS: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.sampled_from(PEOPLE).map(bearer),
    st.builds(lambda person, metadata: bearer(person, app_metadata=metadata), st.sampled_from(PEOPLE), VALUES),
    st.just({}),
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=60).map(
        lambda text: {"Authorization": f"Bearer {text}".strip()}
    ),
)
KINDS = st.sampled_from(["application/json"] * 5 + ["text/plain"])


def of_operation(method: str, template: str) -> st.SearchStrategy[Request]:
    """Requests for an operation of the document."""
    paths = st.fixed_dictionaries({name: NAMES[name] for name in re.findall(r"\{(\w+)\}", template)}).map(
        lambda values: template.format_map({name: quote(text, "", errors="replace") for name, text in values.items()})
    )
    body = DOCUMENT["paths"][template][method].get("requestBody")
    if body is None:
        return st.tuples(st.just(method.upper()), paths, HEADERS, st.just(b""))
    objects = of_schema(body["content"]["application/json"]["schema"])
    bodies = st.one_of(
        st.one_of(objects, objects, objects, VALUES).map(lambda value: json.dumps(value).encode()),
        st.binary(max_size=60),
    )
    headers = st.builds(lambda headers, kind: {**headers, "Content-Type": kind}, HEADERS, KINDS)
    return st.tuples(st.just(method.upper()), paths, headers, bodies)


# Made once: made in each draw they would be checked each time, which takes longer than the server.
REQUESTS = st.one_of([of_operation(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods])


@pytest.fixture(scope="module")
def strict(web: str) -> Iterator[HttpServer]:
    """A server that asks no host but public ones: whatever is drawn, nobody else is asked."""
    with HttpServer(web) as running:
        yield running


def ask(client: httpx2.Client, request: Request) -> tuple[int, str]:
    method, path, headers, body = request
    answer = client.request(method, path, headers=headers, content=body)
    assert answer.status_code in STATUSES, (request, answer.text)
    said = answer.json()
    if path not in ("/healthz", "/openapi.json"):
        assert said["success"] is (answer.status_code == 200), (request, answer.text)
    assert found_in(answer.text, (API_KEY, API_TOKEN, AUTH_TOKEN)) == []
    return answer.status_code, answer.text


def prove(strict: HttpServer, examples: int) -> None:
    """Ask so many times; every status that can be met without a provider is met."""
    seen: set[int] = set()
    with strict.client() as client:

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(REQUESTS)
        def every(request: Request) -> None:
            seen.add(ask(client, request)[0])

        every()
    assert seen >= {200, 400, 401, 403, 404, 422}
    assert not [line for line in strict.told if line.startswith("500")]


def test_no_request_of_a_hundred_and_fifty_is_answered_by_what_nobody_foresaw(strict: HttpServer) -> None:
    prove(strict, 150)


@pytest.mark.long
def test_no_request_of_ten_thousand_is_answered_by_what_nobody_foresaw(strict: HttpServer) -> None:
    prove(strict, 10_000)
