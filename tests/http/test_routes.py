"""What the routes do: saving only what its provider takes, numbers, the log, and the old page's own calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.http.conftest import BANGALORE, DELHI, HERE, LOCAL_MAIL
from tests.support.acme import ACME, ASHA, OTHER_MASTER_KEY, keyring
from tests.support.canaries import found_in
from tests.support.database.number_rows import RAVI, log_rows
from tests.support.database.requesters import VERA
from tests.support.definition_files import GOOD
from tests.support.servers.exotel import API_KEY, API_TOKEN, AUTH_TOKEN, FAULTS, exophones
from tests.support.servers.http import SETTINGS, HttpServer, bearer
from tui.http.openapi import openapi_document
from tui.http.routes import ROUTES
from tui.providers import registry
from tui.settings.type_folders import TypeFolders, use_type_folders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2

    from tests.support.servers.exotel import ExotelServer

PHONE = f"{SETTINGS}/integrations/exotel_phone"
TYPED = "typed-canary-token-77"


@pytest.fixture(autouse=True)
def as_usual(exotel: ExotelServer) -> Iterator[None]:
    """Exotel answers each test as usual at first."""
    exotel.answer_as_usual()
    yield
    exotel.answer_as_usual()


def envelope(owner: str) -> str:
    with psycopg.connect(owner) as connection:
        row = connection.execute(
            "select credentials_encrypted from public.integration_credentials "
            "where organization_id = %s and integration_type = 'exotel_phone'",
            [ACME],
        ).fetchone()
    assert row is not None
    return str(row[0])


def test_the_old_page_s_calls_are_answered_in_its_words(client: httpx2.Client, exotel: ExotelServer) -> None:
    """Its life with one integration: listed, tested, saved, its numbers there and handed out, tested again, deleted."""
    headers = {**bearer(ASHA), "Accept": "application/json"}
    whatsapp = f"{SETTINGS}/integrations/exotel_whatsapp"
    credential = {**exotel.credential(), "whatsapp_number": BANGALORE, "business_name": "Acme Foods"}

    def said(answer: httpx2.Response, *, verified: bool | None = None) -> Any:
        body = answer.json()
        assert (answer.status_code, body["success"], body.get("verified")) == (200, True, verified), answer.text
        assert isinstance(body["message"], str) and body["message"]
        return body["data"]

    before = {one["integration_type"]: one for one in said(client.get(f"{SETTINGS}/integrations", headers=headers))}
    assert before.keys() == registry().keys()
    assert (before["exotel_phone"]["configured"], before["exotel_whatsapp"]["configured"]) == (True, False)
    assert said(client.post(f"{whatsapp}/test", headers=headers, json=credential), verified=True)["level"] == "answer"
    saved = said(client.post(whatsapp, headers=headers, json=credential), verified=True)
    assert saved["created"] and saved["is_verified"] and saved["last_verified_at"]
    shown = said(client.get(whatsapp, headers=headers))
    assert shown["fields"]["business_name"] == "Acme Foods" and shown["secrets"] == {
        "api_key": "set",
        "api_token": "set",
    }
    synced = said(client.post(PHONE, headers=headers, json={"display_name": "Front desk"}), verified=True)
    assert (synced["synced_numbers"], synced["display_name"]) == (2, "Front desk")
    numbers = {one["e164"]: one for one in said(client.get(f"{SETTINGS}/phone-numbers", headers=headers))}
    assert numbers.keys() == {DELHI, BANGALORE}
    assign = f"{SETTINGS}/phone-numbers/{numbers[BANGALORE]['id']}/assign"
    assert said(client.post(assign, headers=headers, json={"user_id": str(VERA)}))["assigned_to"] == "vera@acme.example"
    assert said(client.post(assign, headers=headers, json={"user_id": None}))["assigned_to_user_id"] is None
    # Without a body, as the page's button sends it, and with an empty one.
    assert said(client.post(f"{whatsapp}/test", headers=headers), verified=True)["level"] == "answer"
    assert said(client.post(f"{whatsapp}/test", headers=headers, json={}), verified=True)["level"] == "answer"
    assert said(client.delete(whatsapp, headers=headers))["permissions"] == 0
    assert client.get(whatsapp, headers=headers).status_code == 404


def test_what_the_old_answers_let_through_is_refused(client: httpx2.Client, exotel: ExotelServer, owner: str) -> None:
    """An organisation of the body's, a test that asks nobody, and a save of what no provider took."""
    before = envelope(owner)
    for body, status in (
        ({"organization_id": str(ACME), "caller_id": "08033755555"}, 422),
        ({"credentials": {"caller_id": "08033755555"}, "organization_id": str(ACME)}, 422),
        ({"api_token": "wrong"}, 422),
        ({"virtual_number": ""}, 422),
    ):
        refused = client.post(PHONE, headers=bearer(RAVI), json=body)
        assert (refused.status_code, refused.json()["success"]) == (status, False), refused.text
        assert "wrong" not in refused.json()["error"]
    said = client.post(f"{PHONE}/test", headers=bearer(RAVI), json={"api_token": "wrong"})
    assert (said.status_code, said.json()["verified"], said.json()["data"]["code"]) == (422, False, "401")
    exotel.answer("account", FAULTS["429"])
    said = client.post(PHONE, headers=bearer(RAVI), json={"api_token": API_TOKEN, "caller_id": "08033755555"})
    assert (said.status_code, said.json()["verified"], "retry-after" in said.headers) == (503, False, True), said.text
    assert envelope(owner) == before


def test_a_credential_may_stand_under_a_name_of_its_own(client: httpx2.Client) -> None:
    said = client.post(PHONE, headers=bearer(RAVI), json={"credentials": {"caller_id": "08033755555"}})
    assert (said.status_code, said.json()["data"]["changed"]) == (200, ["caller_id"])
    said = client.post(PHONE, headers=bearer(RAVI), json={"credentials": {"caller_id": None}, "display_name": "Desk"})
    assert said.json()["data"]["changed"][0] == "caller_id"


def test_a_stored_secret_is_sent_to_no_host_that_was_typed(client: httpx2.Client, exotel: ExotelServer) -> None:
    asked = len(exotel.requests)
    other_host = {"api_host": f"127.0.0.1:{exotel.port}"}
    for path in (PHONE, f"{PHONE}/test"):
        refused = client.post(path, headers=bearer(RAVI), json=other_host)
        assert (refused.status_code, refused.json()["success"]) == (422, False), refused.text
    assert len(exotel.requests) == asked


def test_the_log_has_the_person_and_who_vouched(client: httpx2.Client, owner: str) -> None:
    client.post(PHONE, headers=bearer(RAVI), json={"display_name": "By Ravi"})
    rows = [(row, RAVI, "ravi@acme.example") for row in log_rows(owner, "credential_updated", "numbers_synced")[-3:]]
    client.post(f"{PHONE}/test", headers=bearer(VERA))
    rows += [(row, VERA, "vera@acme.example") for row in log_rows(owner, "connection_tested")[-1:]]
    for row, person, name in rows:
        details = row["details"]
        assert (row["user_id"], row["organization_id"]) == (person, ACME)
        assert (details["operator"], details["operator_from"], details["session_user"]) == (name, "vouched", "web")
    with psycopg.connect(owner) as connection:
        addresses = connection.execute(
            "select distinct host(ip_address), user_agent from public.integration_audit_logs "
            "where details ->> 'session_user' = 'web'"
        ).fetchall()
    assert addresses == [("127.0.0.1", "switchboard/test (web@host)")]


def test_no_secret_is_in_an_answer_a_line_or_the_log(
    client: httpx2.Client, server: HttpServer, owner: str, exotel: ExotelServer
) -> None:
    said = [
        client.post(f"{PHONE}/test", headers=bearer(ASHA), json={"api_token": TYPED}).text,
        client.post(PHONE, headers=bearer(ASHA), json={"api_token": TYPED, "virtual_number": "no number"}).text,
        client.post(PHONE, headers=bearer(ASHA), json={"api_token": [TYPED]}).text,
        client.post(PHONE, headers=bearer(ASHA), content=f'{{"api_token": "{TYPED}"').text,
        client.post(PHONE, headers={**bearer(ASHA), "Content-Type": "application/json"}, content=TYPED).text,
        client.get(f"{PHONE}?token={TYPED}", headers=bearer(ASHA)).text,
        client.get(f"{SETTINGS}/integrations/{TYPED}", headers=bearer(ASHA)).text,
        client.get(PHONE, headers={"Authorization": f"Bearer {TYPED}"}).text,
    ]
    with psycopg.connect(owner) as connection:
        log = connection.execute("select details::text from public.integration_audit_logs").fetchall()
    everything = "\n".join((*said, *server.told, *(row[0] for row in log)))
    own = {**exotel.credential()}
    assert found_in(everything, (API_KEY, API_TOKEN, AUTH_TOKEN, envelope(owner))) == []
    # Of a type that nobody knows, the answer names what was asked for.
    assert found_in("\n".join((*said[:6], said[7], *server.told)), (TYPED,)) == []
    assert own["account_sid"] in client.get(PHONE, headers=bearer(ASHA)).text


def test_another_key_than_the_recorded_one_saves_nothing(web: str, owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = envelope(owner)
    monkeypatch.setattr("tests.support.servers.http.keyring", lambda: keyring(OTHER_MASTER_KEY))
    with HttpServer(web, destinations=HERE) as other, other.client() as client:
        said = client.post(PHONE, headers=bearer(ASHA), json={"display_name": "x"})
        assert (said.status_code, said.json()["error"]) == (503, "The server is not ready to do this.")
        assert client.get(PHONE, headers=bearer(ASHA)).status_code == 409
        assert client.get(f"{SETTINGS}/integrations", headers=bearer(ASHA)).status_code == 200
    assert envelope(owner) == before


def test_a_host_that_is_not_public_is_not_asked(web: str, exotel: ExotelServer) -> None:
    asked = len(exotel.requests)
    with HttpServer(web) as strict, strict.client() as client:
        said = client.post(f"{PHONE}/test", headers=bearer(ASHA))
        assert (said.status_code, said.json()["verified"]) == (422, False)
        assert "loopback" in said.json()["error"]
        said = client.post(f"{SETTINGS}/integrations/zoho_mail/test", headers=bearer(ASHA), json=LOCAL_MAIL)
        assert (said.status_code, "loopback" in said.text) == (422, True)
    assert len(exotel.requests) == asked


def test_numbers_that_cannot_be_read_are_said_beside_what_was_saved(
    client: httpx2.Client, exotel: ExotelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post(PHONE, headers=bearer(ASHA), json={})
    before = client.get(f"{SETTINGS}/phone-numbers", headers=bearer(ASHA)).json()["data"]
    # The test asks for the first page alone.
    monkeypatch.setattr(exotel, "numbers", exotel.numbers + exophones(120))
    exotel.answer("numbers", FAULTS["401"], page=1)
    said = client.post(PHONE, headers=bearer(ASHA), json={"display_name": "Saved"})
    body = said.json()
    assert (said.status_code, body["verified"], body["data"]["display_name"]) == (200, True, "Saved")
    assert "could not be read" in body["message"] and "synced_numbers" not in body["data"]
    assert client.get(f"{SETTINGS}/phone-numbers", headers=bearer(ASHA)).json()["data"] == before


def test_a_definition_of_the_server_s_own_opens_nothing_that_is_stored_before_it_is_recorded(
    client: httpx2.Client, server: HttpServer, owner: str, tmp_path: Path
) -> None:
    (tmp_path / "acme_voice.toml").write_text(GOOD)
    with psycopg.connect(owner) as connection:
        connection.execute(
            "insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted) "
            "values (%s, 'acme_voice', 'x')",
            [ACME],
        )
    voice = f"{SETTINGS}/integrations/acme_voice"
    use_type_folders(TypeFolders(user=str(tmp_path)))
    try:
        answers = [
            client.get(voice, headers=bearer(ASHA)),
            client.post(f"{voice}/test", headers=bearer(ASHA)),
            client.post(voice, headers=bearer(ASHA), json={"account_id": "AC123"}),
        ]
    finally:
        use_type_folders(TypeFolders())
    # Which file it is, whoever runs the server reads.
    assert {(said.status_code, said.json()["error"]) for said in answers} == {
        (409, "The server is not ready to do this.")
    }
    assert "acme_voice in this folder is not recorded" in server.told[-2]


async def test_the_document_is_made_of_the_routes(client: httpx2.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document == openapi_document()
    for route in ROUTES:
        operation = document["paths"][route.path][route.method.lower()]
        assert set(map(int, operation["responses"])) == set(route.statuses)
        assert operation["summary"].endswith(".")
    secrets = {field.name for type_ in registry().values() for field in type_.fields if field.secret}
    assert found_in(client.get("/openapi.json").text, secrets) == []
