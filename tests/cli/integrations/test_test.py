"""The command `integrations test`: what it prints, how it exits, and what it leaves in the row."""

from __future__ import annotations

from typing import Any

from tests.support.acme import OTHER_KEY
from tests.support.commands import Shell, execute, one_line_of_json
from tests.support.servers.exotel import FAULTS, ExotelServer, error

VERDICT = {"level", "subject", "outcome", "sentence", "what_to_do", "milliseconds", "code", "is_temporary"}
RECORD = {"id", "integration_type", "display_name", "passed", "check_proven", "result", "level", "milliseconds", "code"}
RECORD |= {"verdicts"}


def is_verified(shell: Shell) -> bool:
    ((verified,),) = execute(shell.environment["DATABASE_URL"], "select is_verified from integration_credentials")
    return bool(verified)


def judgements(shell: Shell) -> list[Any]:
    query = """select details ->> 'judgement' from integration_audit_logs
                where action = 'connection_tested' and status <> 'pending' order by created_at"""
    return [judgement for (judgement,) in execute(shell.environment["DATABASE_URL"], query)]


def test_a_yes_exits_with_0_and_a_no_with_5_saying_why_and_what_to_do(
    exotel_shell: Shell, exotel: ExotelServer
) -> None:
    outcome = exotel_shell.run("integrations", "test", "exotel_phone")
    assert (outcome.status, outcome.out) == (0, "Verified.\n")
    for line in ("ok        shape  fields:", "ok        reach  host:", "answer account:", "answer number:"):
        assert line in outcome.err
    assert is_verified(exotel_shell)
    # What is read after the yes is not hidden by it.
    assert exotel_shell.run("integrations", "threshold", "exotel_phone", "999999").status == 0
    outcome = exotel_shell.run("integrations", "test", "exotel_phone")
    assert (outcome.status, outcome.out) == (0, "Verified.\n")
    assert "exotel_phone  But balance low. Read besides: balance" in outcome.err
    exotel.answer("account", FAULTS["401"])
    outcome = exotel_shell.run("integrations", "test", "exotel_phone")
    assert outcome.status == 5
    assert outcome.out.startswith("Exotel does not accept the API key and token (401). Copy both again;")
    assert outcome.err.endswith("exotel_phone did not pass its test. The output above says what to do.\n")
    assert not is_verified(exotel_shell)


def test_a_number_that_could_not_be_looked_for_is_not_called_verified(
    exotel_shell: Shell, exotel: ExotelServer
) -> None:
    exotel.answer("numbers", error(503))
    outcome = exotel_shell.run("integrations", "test", "exotel_phone")
    assert (outcome.status, "Verified" in outcome.out) == (5, False)
    assert not is_verified(exotel_shell)
    assert judgements(exotel_shell) == ["unknown"]


def test_as_json_one_test_is_an_object_and_all_are_an_array(exotel_shell: Shell, exotel: ExotelServer) -> None:
    tested = exotel_shell.run("integrations", "test", "exotel_phone", "--json").data
    assert (set(tested), tested["passed"], tested["result"], tested["code"]) == (RECORD, True, "kept", "200")
    assert [set(verdict) for verdict in tested["verdicts"]] == [VERDICT] * 4
    (of_all,) = exotel_shell.run("integrations", "test", "--all", "--json").data
    assert (set(of_all), of_all["passed"]) == (RECORD, True)
    exotel.answer("account", FAULTS["403"])
    outcome = exotel_shell.run("integrations", "test", "--all", "--json")
    (of_all,) = one_line_of_json(outcome.out)
    assert (outcome.status, of_all["passed"], of_all["code"]) == (5, False, "403")
    assert one_line_of_json(outcome.err)["exit"] == 5


def test_a_key_that_is_missing_or_another_is_no_answer_and_exits_with_4(
    exotel_shell: Shell, exotel: ExotelServer
) -> None:
    assert exotel_shell.run("integrations", "test", "exotel_phone").status == 0
    asked = len(exotel.requests)
    without = exotel_shell.without("ENCRYPTION_MASTER_KEY")
    for shell in (without, exotel_shell.with_(ENCRYPTION_MASTER_KEY=OTHER_KEY)):
        for which in ("exotel_phone", "--all"):
            outcome = shell.run("integrations", "test", which)
            assert (outcome.status, "Not verified" in outcome.out) == (4, False), outcome.err
            assert "The provider was not asked" in outcome.out
    assert len(exotel.requests) == asked
    assert is_verified(exotel_shell)
    assert judgements(exotel_shell) == ["verified", *["unknown"] * 4]


def test_what_is_not_set_up_or_not_clear_asks_nobody(exotel_shell: Shell, exotel: ExotelServer) -> None:
    assert "Did you mean exotel_phone?" in exotel_shell.run("integrations", "test", "exotel_fone").refusal(2)
    assert "configure zoho_mail" in exotel_shell.run("integrations", "test", "zoho_mail").refusal(1)
    assert "Give a TYPE, or --all" in exotel_shell.run("integrations", "test").refusal(2)
    database = exotel_shell.environment["DATABASE_URL"]
    execute(database, "alter table integration_credentials drop constraint unique_org_integration")
    copy = """insert into integration_credentials (organization_id, integration_type, credentials_encrypted)
              select organization_id, integration_type, 'none' from integration_credentials returning id"""
    ((second,),) = execute(database, copy)
    assert str(second) in exotel_shell.run("integrations", "test", "exotel_phone").refusal(2)
    assert exotel.requests == []
