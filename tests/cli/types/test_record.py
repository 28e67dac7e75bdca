"""`types record`: a definition of one's own opens stored credentials once an administrator has looked at it."""

from __future__ import annotations

import json

import pytest

from tests.support.commands import Shell, contents, execute, one_line_of_json

FILE = ".config/switchboard/types/acme_mail.toml"
CREDENTIAL = {"account_id": "AC0123456789", "api_token": "sk-CANARY-5f0c1e2d"}
OPENED = "select count(*) from integration_audit_logs where action in ('credential_lent', 'numbers_synced')"


@pytest.fixture
def own_shell(acme_shell: Shell) -> Shell:
    """A shell with a definition of its own, of which an integration is set up: whoever types it needs no record."""
    for line, stdin in (
        (f"types new acme_mail --output {FILE}", ""),
        ("integrations configure acme_mail", json.dumps(CREDENTIAL)),
    ):
        outcome = acme_shell.run(*line.split(), stdin=stdin)
        assert outcome.status == 0, outcome.err
    return acme_shell


def test_nothing_opens_a_stored_credential_before_the_definition_is_recorded(own_shell: Shell) -> None:
    database = own_shell.environment["DATABASE_URL"]
    before = contents(database)
    for line, stdin in (
        ("integrations test acme_mail", ""),
        ("integrations show acme_mail", ""),
        ("integrations configure acme_mail", '{"account_id": "AC9999999999"}'),
        ("phone-numbers sync --integration acme_mail", ""),
        ("run acme_mail -- env", ""),
    ):
        outcome = own_shell.run(*line.split(), stdin=stdin)
        assert outcome.status == 3, (line, outcome.err)
        assert "The definition of acme_mail in this folder is not recorded in the database" in outcome.err, line
        assert "`switchboard types record acme_mail` (SHA-256 " in outcome.err, line
        assert CREDENTIAL["account_id"] not in outcome.out + outcome.err, line
        assert CREDENTIAL["api_token"] not in outcome.out + outcome.err, line
    assert contents(database) == before
    assert execute(database, OPENED) == [(0,)]
    # The other integrations go on, and what is left out is named each time.
    for _ in range(2):
        checked = own_shell.run("check", "--json")
        assert (checked.status, one_line_of_json(checked.out)["not_recorded"]) == (0, ["acme_mail"])
        assert "is not recorded in the database" in checked.err
    (finding,) = (
        found for found in one_line_of_json(own_shell.run("doctor", "--json").out) if found["title"] == "acme_mail"
    )
    assert (finding["state"], "is not recorded" in finding["sentence"]) == ("warning", True)


def test_recording_shows_what_is_answered_for_and_holds_for_that_content_alone(own_shell: Shell) -> None:
    file = own_shell.folder / FILE
    file.write_text(file.read_text().replace("required = true\n", 'default = "AC0000000000"\n', 1))
    asked = own_shell.run("types", "record", "acme_mail")
    assert asked.status == 2 and "--yes" in asked.err
    for told in (
        *("SHA-256: ", "Hosts: api.example.com", "password {api_token}", "Secret fields: api_token"),
        *("Where account_id is blank: AC0000000000", "Stored in the clear: plan.name (as Plan)", "Check: unproven"),
    ):
        assert told in asked.err
    recorded = one_line_of_json(own_shell.run("types", "record", "acme_mail", "--yes", "--json").out)
    assert (recorded["changed"], recorded["recorded_before"], len(recorded["sha256"])) == (True, None, 64)
    again = one_line_of_json(own_shell.run("types", "record", "acme_mail", "--json").out)
    assert (again["changed"], again["recorded_before"]) == (False, recorded["sha256"])
    shown = own_shell.run("integrations", "show", "acme_mail")
    assert shown.status == 0 and CREDENTIAL["account_id"] in shown.out and CREDENTIAL["api_token"] not in shown.out
    assert "yes" in own_shell.run("types", "list", "--recorded").out.partition("acme_mail")[2].splitlines()[0]
    file.write_text(file.read_text().replace("api.example.com", "evil.example"))
    refused = own_shell.run("integrations", "show", "acme_mail")
    assert refused.status == 3 and "is another than the one recorded in the database" in refused.err
    assert "another file" in own_shell.run("types", "list", "--recorded").out
    withdrawn = one_line_of_json(own_shell.run("types", "record", "acme_mail", "--withdraw", "--yes", "--json").out)
    assert withdrawn == {"name": "acme_mail", "sha256": recorded["sha256"], "withdrawn": True}
    assert own_shell.run("types", "record", "acme_mail", "--withdraw", "--yes").status == 1


@pytest.mark.parametrize(("name", "whose"), [("exotel_sms", "built-in"), ("twilio", "shipped")])
def test_what_others_vouch_for_is_not_recorded(acme_shell: Shell, name: str, whose: str) -> None:
    assert f"The type {name} is {whose}, so" in acme_shell.run("types", "record", name, "--yes").refusal(2)


def test_a_row_of_a_type_that_nobody_here_knows_is_listed_and_nothing_more(own_shell: Shell) -> None:
    """As one of a definition that another machine has."""
    own_shell.run("types", "record", "acme_mail", "--yes")
    (own_shell.folder / FILE).unlink()
    listed = one_line_of_json(own_shell.run("integrations", "list", "--json").out)
    assert [(row["state"], row["check_proven"]) for row in listed if row["integration_type"] == "acme_mail"] == [
        ("active", False)
    ]
    shown = own_shell.run("integrations", "show", "acme_mail")
    assert shown.status == 0 and not {*CREDENTIAL.values()} & {*shown.out.split()}
    for line in (
        *("integrations test acme_mail", "integrations configure acme_mail", "run acme_mail -- env"),
        "phone-numbers sync --integration acme_mail",
    ):
        outcome = own_shell.run(*line.split(), stdin=json.dumps(CREDENTIAL))
        assert outcome.status == 2 and "There is no integration type 'acme_mail'" in outcome.err, (line, outcome.err)
    tested = own_shell.run("integrations", "test", "acme_mail")
    assert "put acme_mail.toml back" in tested.err
    left = own_shell.run("types", "list", "--recorded")
    assert "acme_mail is recorded, and no file here declares it." in left.err
    assert one_line_of_json(own_shell.run("check", "--json").out)["asked"] == 0
