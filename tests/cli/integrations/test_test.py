"""The command `integrations test`: what it prints, how it exits, and what it leaves in the row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.acme import OTHER_KEY
from tests.support.commands import Shell, execute, one_line_of_json
from tests.support.database.number_rows import OLD
from tests.support.servers.exotel import FAULTS, ExotelServer, error

if TYPE_CHECKING:
    from collections.abc import Iterator

VERDICT = {"level", "subject", "outcome", "sentence", "what_to_do", "milliseconds", "code", "is_temporary"}
RECORD = {"id", "integration_type", "display_name", "passed", "result", "level", "milliseconds", "code", "verdicts"}


@pytest.fixture
def exotel() -> Iterator[ExotelServer]:
    with ExotelServer() as server:
        yield server


@pytest.fixture
def office(acme: Shell, exotel: ExotelServer) -> Shell:
    """A shell whose exotel_phone is that account."""
    shell = acme.with_(**exotel.environment)
    given = json.dumps(exotel.credential(virtual_number=OLD))
    saved = shell.run("integrations", "configure", "exotel_phone", stdin=given)
    assert saved.status == 0, saved.err
    return shell


def is_verified(shell: Shell) -> bool:
    ((verified,),) = execute(shell.environment["DATABASE_URL"], "select is_verified from integration_credentials")
    return bool(verified)


def judgements(shell: Shell) -> list[Any]:
    query = """select details ->> 'judgement' from integration_audit_logs
                where action = 'connection_tested' and status <> 'pending' order by created_at"""
    return [judgement for (judgement,) in execute(shell.environment["DATABASE_URL"], query)]


def test_a_yes_exits_with_0_and_a_no_with_5_saying_why_and_what_to_do(office: Shell, exotel: ExotelServer) -> None:
    done = office.run("integrations", "test", "exotel_phone")
    assert (done.status, done.out) == (0, "Verified.\n")
    for line in ("shape   fields: ok.", "reach   host: ok.", "answer  account: ok.", "answer  number: ok."):
        assert line in done.err
    assert is_verified(office)
    exotel.answer("account", FAULTS["401"])
    done = office.run("integrations", "test", "exotel_phone")
    assert done.status == 5
    assert done.out.startswith("Exotel does not accept the API key and token (401). Copy both again;")
    assert done.err.endswith("exotel_phone did not pass its test. What to do stands above.\n")
    assert not is_verified(office)


def test_a_number_that_could_not_be_looked_for_is_not_called_verified(office: Shell, exotel: ExotelServer) -> None:
    exotel.answer("numbers", error(503))
    done = office.run("integrations", "test", "exotel_phone")
    assert (done.status, "Verified" in done.out) == (5, False)
    assert not is_verified(office)
    assert judgements(office) == ["unknown"]


def test_as_json_one_test_is_an_object_and_all_are_an_array(office: Shell, exotel: ExotelServer) -> None:
    tested = office.run("integrations", "test", "exotel_phone", "--json").data
    assert (set(tested), tested["passed"], tested["result"], tested["code"]) == (RECORD, True, "kept", "200")
    assert [set(verdict) for verdict in tested["verdicts"]] == [VERDICT] * 4
    (of_all,) = office.run("integrations", "test", "--all", "--json").data
    assert (set(of_all), of_all["passed"]) == (RECORD, True)
    exotel.answer("account", FAULTS["403"])
    done = office.run("integrations", "test", "--all", "--json")
    (of_all,) = one_line_of_json(done.out)
    assert (done.status, of_all["passed"], of_all["code"]) == (5, False, "403")
    assert one_line_of_json(done.err)["exit"] == 5


def test_a_key_that_is_missing_or_another_is_no_answer_and_exits_with_4(office: Shell, exotel: ExotelServer) -> None:
    assert office.run("integrations", "test", "exotel_phone").status == 0
    asked = len(exotel.requests)
    without = office.without("ENCRYPTION_MASTER_KEY")
    for shell in (without, office.with_(ENCRYPTION_MASTER_KEY=OTHER_KEY)):
        for which in ("exotel_phone", "--all"):
            done = shell.run("integrations", "test", which)
            assert (done.status, "Not verified" in done.out) == (4, False), done.err
            assert "Nothing was asked" in done.out
    assert len(exotel.requests) == asked
    assert is_verified(office)
    assert judgements(office) == ["verified", *["unknown"] * 4]


def test_what_is_not_set_up_or_not_clear_asks_nobody(office: Shell, exotel: ExotelServer) -> None:
    assert "Did you mean exotel_phone?" in office.run("integrations", "test", "exotel_fone").refusal(2)
    assert "configure zoho_mail" in office.run("integrations", "test", "zoho_mail").refusal(1)
    assert "Give a TYPE, or --all" in office.run("integrations", "test").refusal(2)
    database = office.environment["DATABASE_URL"]
    execute(database, "alter table integration_credentials drop constraint unique_org_integration")
    copy = """insert into integration_credentials (organization_id, integration_type, credentials_encrypted)
              select organization_id, integration_type, 'none' from integration_credentials returning id"""
    ((second,),) = execute(database, copy)
    assert str(second) in office.run("integrations", "test", "exotel_phone").refusal(2)
    assert exotel.requests == []
