"""The commands `integrations`: the whole way from nothing to deleted, and what each of them prints."""

from __future__ import annotations

import json

from tests.support.acme import ACME, ASHA, GLOBEX, PHONE
from tests.support.commands import Shell, contents, execute
from tests.support.terminal.forked_terminal import ForkedTerminal
from tui.providers import registry

COLUMNS = {
    *("id", "organization_id", "integration_type", "display_name", "is_active", "is_verified", "last_verified_at"),
    *("created_by", "updated_by", "created_at", "updated_at"),
}


def database_of(shell: Shell) -> str:
    return shell.environment["DATABASE_URL"]


def test_an_integration_is_configured_listed_shown_disabled_enabled_and_deleted(acme_shell: Shell) -> None:
    saved = acme_shell.run("integrations", "configure", "exotel_phone", "--json", stdin=json.dumps(PHONE)).data
    assert (saved["created"], saved["integration_type"], saved["organization_id"]) == (True, "exotel_phone", str(ACME))
    assert saved["changed"] == list(PHONE)

    (first, *others) = acme_shell.run("integrations", "list", "--json").data
    assert first["id"] == saved["id"]
    assert (first["state"], first["is_active"], first["envelope_format"]) == ("active", True, "sb2")
    assert first.keys() >= COLUMNS
    assert [(other["integration_type"], other["state"], other["id"]) for other in others] == [
        (name, "not set up", None) for name in registry() if name != "exotel_phone"
    ]
    fields = ("organization_id", "integration_type", "state")
    assert {value for other in others for name, value in other.items() if name not in fields} == {None}

    shown = acme_shell.run("integrations", "show", "exotel_phone", "--json").data
    assert shown["credential"] == {
        **{"account_sid": "acme1", "api_key": "set", "api_token": "set", "api_host": None},
        **{"virtual_number": "01141169368", "caller_id": None},
    }
    assert shown["last_used"] == {**dict.fromkeys(("at", "by", "program", "action")), "log_since": first["created_at"]}
    assert shown["dependents"] == {"people": [], "phone_numbers": [], "programs": []}

    assert acme_shell.run("integrations", "disable", "exotel_phone", "--json").data["changed"] is True
    assert acme_shell.run("integrations", "list", "--json").data[0]["state"] == "disabled"
    assert acme_shell.run("integrations", "disable", "exotel_phone", "--json").data["changed"] is False
    assert acme_shell.run("integrations", "enable", "exotel_phone").out == "Exotel phone is enabled.\n"
    assert acme_shell.run("integrations", "enable", "exotel_phone").out == "Exotel phone was enabled already.\n"

    deleted = acme_shell.run("integrations", "delete", "exotel_phone", "--yes", "--json").data
    assert deleted == {
        **{"id": saved["id"], "integration_type": "exotel_phone", "deleted": True},
        **{"permissions": 0, "people": 0, "phone_numbers": 0},
        **{"last_used": shown["last_used"], "dependents": shown["dependents"]},
    }
    assert execute(database_of(acme_shell), "select count(*) from integration_credentials") == [(0,)]
    actions = [row["action"] for row in acme_shell.run("audit", "list", "--json").data]
    assert actions == ["credential_deleted", "credential_enabled", "credential_disabled", "credential_created"]


def test_the_list_is_a_table_whose_columns_are_aligned(phone_shell: Shell) -> None:
    phone_shell.run("integrations", "configure", "exotel_phone", stdin='{"display_name": "日本の窓口"}')
    head, *rows = phone_shell.run("integrations", "list").out.splitlines()
    columns = "TYPE NAME STATE CONNECTION FOR FORMAT PEOPLE NUMBERS LAST 30 DAYS"
    assert head.split() == columns.split()
    assert [row.split()[0] for row in rows] == [*registry()]
    column = head.index("STATE")
    # Five characters of two cells each stand before this one.
    assert rows[0][column - 5 :].startswith("active")
    assert {row[column:] for row in rows[1:]} == {"not set up"}


def test_on_a_terminal_of_80_columns_no_line_is_longer(phone_shell: Shell) -> None:
    credential = json.dumps(
        {"display_name": "A very long name for the line that the dispatchers of this organisation use"}
    )
    phone_shell.run("integrations", "configure", "exotel_phone", stdin=credential)
    command = ["integrations", "list"]
    with ForkedTerminal(*command, environment=phone_shell.environment, cwd=phone_shell.folder) as terminal:
        assert terminal.wait_for_exit() == 0
        text = terminal.bytes_since().decode()
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "A very long" in text
    assert "…" in text


def test_show_prints_no_secret_and_of_an_unknown_field_only_that_it_is_set(acme_shell: Shell) -> None:
    credential = {**PHONE, "smtp_password": "sk-CANARY", "caller_id": "08033755555", "display_name": "Front desk"}
    acme_shell.run("integrations", "configure", "exotel_phone", stdin=json.dumps(credential))
    shown = dict(
        line.split(maxsplit=1) for line in acme_shell.run("integrations", "show", "exotel_phone").out.splitlines()
    )
    assert shown["name"] == "Front desk"
    label = acme_shell.run("audit", "list", "--json").data[0]["details"]["operator"]
    assert (shown["created"].split(" by ")[1], shown["changed"].split(" by ")[1]) == (f"~{label}", f"~{label}")
    assert shown["smtp_password"] == shown["api_key"] == shown["api_token"] == "set"
    assert shown["api_host"] == "not set (api.exotel.com applies)"
    assert shown["caller_id"] == "08033755555 (+91 80 3375 5555)"


def test_a_secret_that_is_left_out_is_kept_and_only_changed_names_are_reported(phone_shell: Shell) -> None:
    edit = json.dumps({"virtual_number": "01140000000", "display_name": "Night line"})
    changed = phone_shell.run("integrations", "configure", "exotel_phone", "--json", stdin=edit).data
    assert changed["changed"] == ["virtual_number", "display_name"]
    assert changed["created"] is False
    shown = phone_shell.run("integrations", "show", "exotel_phone", "--json").data
    assert (shown["credential"]["api_key"], shown["display_name"]) == ("set", "Night line")


def test_saving_what_is_stored_already_writes_nothing(phone_shell: Shell) -> None:
    # A name that is not given stays as another program stored it.
    execute(database_of(phone_shell), "update integration_credentials set display_name = ' Night  line '")
    before = contents(database_of(phone_shell))
    again = phone_shell.run("integrations", "configure", "exotel_phone", stdin=json.dumps(PHONE))
    assert (again.status, again.out) == (0, "No changes, so nothing was written.\n")
    assert contents(database_of(phone_shell)) == before


def test_the_operator_is_the_person_that_was_named(phone_shell: Shell) -> None:
    database = database_of(phone_shell)
    insert = "insert into switchboard.people_labels (id, label) values (%s, %s)"
    execute(database, insert, ASHA, "Asha")
    phone_shell.run("--operator", str(ASHA), "integrations", "disable", "exotel_phone")
    assert execute(database, "select updated_by from integration_credentials") == [(ASHA,)]
    assert phone_shell.run("audit", "list", "--json").data[0]["user_id"] == str(ASHA)


def test_another_organisation_has_rows_of_its_own(phone_shell: Shell) -> None:
    elsewhere = phone_shell.run("integrations", "list", "--json", "--organization", str(GLOBEX)).data
    assert {one["state"] for one in elsewhere} == {"not set up"}


def test_a_type_that_is_not_set_up_is_named_with_the_way_to_set_it_up(acme_shell: Shell) -> None:
    for command in ("show", "enable", "disable", "delete"):
        line = acme_shell.run("integrations", command, "zoho_mail").refusal(1)
        assert "not set up" in line
        assert "`switchboard integrations configure zoho_mail`" in line


def test_a_type_of_another_program_can_be_shown_and_deleted(acme_shell: Shell) -> None:
    execute(
        database_of(acme_shell),
        "insert into integration_credentials (organization_id, integration_type, credentials_encrypted)"
        " values (%s, 'slack', 'not an envelope')",
        ACME,
    )
    shown = acme_shell.run("integrations", "show", "slack")
    assert shown.status == 1
    assert "unreadable: the text is no envelope" in shown.out
    assert acme_shell.run("integrations", "delete", "slack", "--yes").status == 0


def test_without_a_key_the_list_still_stands_and_says_so(phone_shell: Shell) -> None:
    without = phone_shell.without("ENCRYPTION_MASTER_KEY")
    listed = without.run("integrations", "list")
    assert listed.status == 0
    assert "unreadable  no master key" in listed.out
    assert listed.err.startswith("Warning: ")
    shown = without.run("integrations", "show", "exotel_phone")
    assert shown.status == 4
    assert "ENCRYPTION_MASTER_KEY not configured" in shown.err


def test_a_role_that_may_not_read_envelopes_sees_the_rest(phone_shell: Shell, postgres: object) -> None:
    database = database_of(phone_shell)
    execute(database, "create role reader login")
    execute(database, "grant usage on schema public, switchboard to reader")
    execute(database, "grant select on all tables in schema switchboard to reader")
    execute(database, "grant execute on function switchboard.scope() to reader")
    execute(
        database,
        "grant select (id, organization_id, integration_type, display_name, is_active, is_verified,"
        " last_verified_at, created_by, updated_by, created_at, updated_at) on integration_credentials to reader",
    )
    execute(database, "alter role reader bypassrls")
    as_reader = phone_shell.with_(DATABASE_URL=database.replace("postgres@", "reader@"))
    listed = as_reader.run("integrations", "list")
    assert listed.status == 0, listed.err
    assert listed.out.splitlines()[1].split() == [
        *("exotel_phone", "Exotel", "phone", "active", "not", "tested", "hidden", "hidden", "hidden"),
    ]
    assert "not visible to your role" in as_reader.run("integrations", "show", "exotel_phone").out
    line = as_reader.run("integrations", "disable", "exotel_phone").refusal(3)
    assert "reader" in line
    assert "integration_credentials" in line


def test_of_two_rows_of_one_type_the_one_that_is_meant_is_named_by_its_id(phone_shell: Shell) -> None:
    database = database_of(phone_shell)
    execute(database, "alter table integration_credentials drop constraint unique_org_integration")
    copy = """insert into integration_credentials (organization_id, integration_type, credentials_encrypted)
              select organization_id, integration_type, 'none' from integration_credentials returning id"""
    ((second,),) = execute(database, copy)
    refused = phone_shell.run("integrations", "disable", "exotel_phone").refusal(2)
    assert "There are 2 rows of exotel_phone" in refused
    assert str(second) in refused
    assert phone_shell.run("integrations", "disable", str(second)).out == "Exotel phone, row 2 of 2 is disabled.\n"
    query = "select is_active from integration_credentials order by id = %s"
    assert execute(database, query, second) == [(True,), (False,)]
    refused = phone_shell.run("integrations", "configure", "exotel_phone", stdin="{}").refusal(2)
    assert "2 rows of exotel_phone" in refused
