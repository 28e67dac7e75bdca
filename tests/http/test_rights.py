"""Tokens by persons by rights by paths: with which status every request is answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg

from tests.http.conftest import BANGALORE
from tests.support.acme import ACME, ASHA, GLOBEX
from tests.support.canaries import found_in
from tests.support.database.number_rows import MEENA, RAVI
from tests.support.database.requesters import CARA, ESHA, GITA, GOPAL, HARI, NILS, NOBODY, TARA, VERA
from tests.support.servers.exotel import API_KEY, API_TOKEN, AUTH_TOKEN
from tests.support.servers.http import SETTINGS, bearer

if TYPE_CHECKING:
    from uuid import UUID

    import httpx2

    from tests.support.servers.exotel import ExotelServer
    from tests.support.servers.http import HttpServer

IN_ACME = {"app_metadata": {"organization_id": str(ACME)}}
IN_GLOBEX = {"app_metadata": {"organization_id": str(GLOBEX)}}
# Each path, with what is sent. What is deleted is set up anew before.
CALLS: dict[str, tuple[str, str, Any]] = {
    "list": ("GET", "/integrations", None),
    "show": ("GET", "/integrations/exotel_phone", None),
    "show what is not there": ("GET", "/integrations/zoho_mail", None),
    "show what is nothing": ("GET", "/integrations/no_such_type", None),
    "test": ("POST", "/integrations/exotel_phone/test", None),
    "test a typed one": ("POST", "/integrations/exotel_phone/test", {"caller_id": "08033755555"}),
    "test what is not there": ("POST", "/integrations/zoho_mail/test", None),
    "change": ("POST", "/integrations/exotel_phone", {"display_name": "Desk"}),
    "change wrongly": ("POST", "/integrations/exotel_phone", {"virtual_number": "no number"}),
    "set up": ("POST", "/integrations/exotel_sms", {}),
    "delete": ("DELETE", "/integrations/exotel_whatsapp", None),
    "numbers": ("GET", "/phone-numbers", None),
    "assign": ("POST", "/phone-numbers/{number}/assign", {"user_id": str(VERA)}),
    "unassign": ("POST", "/phone-numbers/{number}/assign", {"user_id": None}),
    "assign to a stranger": ("POST", "/phone-numbers/{number}/assign", {"user_id": str(GITA)}),
    "assign what is nothing": ("POST", f"/phone-numbers/{NOBODY}/assign", {"user_id": None}),
}
ORDER = tuple(CALLS)
# In the order of CALLS.
ADMINISTRATOR = (200, 200, 404, 404, 200, 200, 404, 200, 422, 200, 200, 200, 200, 200, 404, 404)
CONFIGURES = (200, 200, 404, 404, 200, 200, 404, 200, 422, 403, 403, 200, 200, 200, 404, 404)
VIEWS = (200, 200, 404, 404, 200, 200, 404, 403, 403, 403, 403, 200, 403, 403, 403, 404)
HOLDS_NOTHING = (200, 404, 404, 404, 404, 404, 404, 403, 403, 403, 403, 200, 404, 404, 404, 404)
CONFIGURES_UNSEEN = (200, 404, 404, 404, 404, 404, 404, 200, 422, 403, 403, 200, 404, 404, 404, 404)
STRANGER = (403,) * len(CALLS)
NO_TOKEN = (401,) * len(CALLS)
# What each may do with the integrations and numbers of Acme; where a path has ids, they are Acme's.
EXPECTED: tuple[tuple[str, UUID | None, dict[str, Any], tuple[int, ...]], ...] = (
    ("an administrator", ASHA, {}, ADMINISTRATOR),
    ("an administrator, whatever the token says of organisations", ASHA, IN_GLOBEX, ADMINISTRATOR),
    ("one who configures", RAVI, {}, CONFIGURES),
    ("one who views", VERA, {}, VIEWS),
    ("one who configures what they may not view", CARA, {}, CONFIGURES_UNSEEN),
    ("one who holds nothing", NILS, {}, HOLDS_NOTHING),
    ("one whose permission has expired", ESHA, {}, HOLDS_NOTHING),
    ("one who views, of no organisation in the directory", HARI, IN_ACME, VIEWS),
    ("of no organisation at all", HARI, {}, STRANGER),
    ("whose organisation only they say", HARI, {"user_metadata": {"organization_id": str(ACME)}}, STRANGER),
    ("of two organisations, in one", TARA, IN_ACME, HOLDS_NOTHING),
    ("of two organisations, in neither", TARA, {}, STRANGER),
    ("of two organisations, in a third", TARA, {"app_metadata": {"organization_id": str(NOBODY)}}, STRANGER),
    ("inactive", MEENA, {}, STRANGER),
    ("unknown", NOBODY, {}, STRANGER),
    ("anonymous", ASHA, {"is_anonymous": True}, NO_TOKEN),
    ("a program", ASHA, {"role": "service_role"}, NO_TOKEN),
    ("expired", ASHA, {"exp": 1}, NO_TOKEN),
    ("nobody", None, {}, NO_TOKEN),
)
# Those of another organisation reach nothing of Acme's, whatever they hold there: the number is not theirs.
ELSEWHERE = (
    ("an administrator of another", GITA, {"assign": 404, "unassign": 404, "assign to a stranger": 404}),
    ("one with a permission of another", GOPAL, {"assign": 404, "unassign": 404, "assign to a stranger": 404}),
)


def number_of(owner: str) -> UUID:
    with psycopg.connect(owner) as connection:
        row = connection.execute(
            "select id from public.organization_phone_numbers where organization_id = %s and phone_number = %s",
            [ACME, BANGALORE],
        ).fetchone()
    assert row is not None
    number: UUID = row[0]
    return number


def prepare(client: httpx2.Client, exotel: ExotelServer, owner: str) -> None:
    """Acme has its numbers, and WhatsApp set up; not SMS."""
    assert client.post(f"{SETTINGS}/integrations/exotel_phone", json={}, headers=bearer(ASHA)).status_code == 200
    whatsapp = {**exotel.credential(), "whatsapp_number": BANGALORE}
    whatsapp.pop("virtual_number", None)
    said = client.post(f"{SETTINGS}/integrations/exotel_whatsapp", json=whatsapp, headers=bearer(ASHA))
    assert said.status_code == 200, said.text
    with psycopg.connect(owner) as connection:
        connection.execute("delete from public.integration_credentials where integration_type = 'exotel_sms'")


def call(client: httpx2.Client, name: str, number: UUID, headers: dict[str, str], body: Any) -> httpx2.Response:
    method, path, _ = CALLS[name]
    content = {} if body is None else {"json": body}
    return client.request(method, SETTINGS + path.replace("{number}", str(number)), headers=headers, **content)


def test_every_request_of_everybody_ends_with_the_status_of_the_table(
    client: httpx2.Client, server: HttpServer, exotel: ExotelServer, owner: str
) -> None:
    sms = {**exotel.credential(), "sms_number": BANGALORE}
    sms.pop("virtual_number", None)
    differences, said, count = [], [], 0
    for who, person, others, statuses in EXPECTED:
        if person in (ASHA, RAVI, CARA) and statuses != NO_TOKEN:
            prepare(client, exotel, owner)
        number = number_of(owner)
        headers = bearer(person, **others) if person else {}
        for name, status in zip(ORDER, statuses, strict=True):
            body = sms if name == "set up" else CALLS[name][2]
            answer = call(client, name, number, headers, body)
            said.append(answer.text)
            count += 1
            if answer.status_code != status:
                differences.append(f"{who}: {name}: {answer.status_code} in place of {status}: {answer.text}")
            as_expected = answer.json()["success"] is (status == 200) and answer.headers["cache-control"] == "no-store"
            if not as_expected or "set-cookie" in answer.headers:
                differences.append(f"{who}: {name}: {answer.text}: {answer.headers}")
    assert differences == []
    assert count == len(EXPECTED) * len(CALLS)
    assert found_in("\n".join((*said, *server.told)), (API_KEY, API_TOKEN, AUTH_TOKEN)) == []


def test_two_organisations_never_see_each_other(client: httpx2.Client, exotel: ExotelServer, owner: str) -> None:
    prepare(client, exotel, owner)
    number = number_of(owner)
    with psycopg.connect(owner) as connection:
        of_acme = {
            str(row[0])
            for row in connection.execute(
                "select id from public.integration_credentials where organization_id = %s union all "
                "select id from public.organization_phone_numbers where organization_id = %s",
                [ACME, ACME],
            ).fetchall()
        }
        before = connection.execute("select count(*) from public.organization_phone_numbers").fetchone()
    for _, person, expected in ELSEWHERE:
        for name, status in expected.items():
            assert call(client, name, number, bearer(person), CALLS[name][2]).status_code == status, name
        for path in ("/integrations", "/integrations/exotel_phone", "/phone-numbers"):
            answer = client.get(SETTINGS + path, headers=bearer(person, **IN_ACME))
            assert answer.status_code == 200
            assert found_in(json.dumps(answer.json()), of_acme) == []
            assert "acme" not in answer.text.lower()
    with psycopg.connect(owner) as connection:
        assert connection.execute("select count(*) from public.organization_phone_numbers").fetchone() == before
