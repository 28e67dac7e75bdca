"""Canary secrets go through console and commands; then everything the run left behind is searched for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.acme import KEY
from tests.support.canaries import found_in
from tests.support.commands import Shell
from tests.support.servers.exotel import ExotelServer
from tests.support.terminal.console_driver import settings_of
from tests.support.terminal.forked_terminal import ForkedTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers.postgres import TestServer

CANARIES = {
    "master key": KEY,
    "api key": "canary-api-key/5f0c1e2d3b+4a59",
    "api token": "canary api token 99887766ccdd",
    "app password": "canary-app-password-qwxz",
    "database password": "canary-database-passw0rd",
}
BY_COMMAND = {
    "email": "desk@acme.example",
    "app_password": CANARIES["app password"],
}
# With another host each secret is typed again.
TYPED_AGAIN = {"api_key": CANARIES["api key"], "api_token": CANARIES["api token"]}


@pytest.fixture
def exotel() -> Iterator[ExotelServer]:
    """A stand-in that accepts the canaries."""
    with ExotelServer() as server:
        yield server


def test_nothing_that_a_run_leaves_behind_holds_a_secret(
    postgres: TestServer, keyed_database: str, tmp_path: Path, exotel: ExotelServer
) -> None:
    name = keyed_database.rpartition("/")[2].partition("?")[0]
    postgres.create_role("carol", f"login superuser password '{CANARIES['database password']}'")
    postgres.log_every_statement(name)
    url = postgres.conninfo(name, user="carol", password=CANARIES["database password"])
    environment = settings_of(url, HOME=str(tmp_path), SWITCHBOARD_IDLE_LOCK="86400")
    mark = postgres.log_size()
    traces: dict[str, bytes] = {}

    with ForkedTerminal(environment=environment, cwd=tmp_path) as terminal:
        terminal.wait_for("● connected")
        terminal.wait_for("not set up")
        terminal.press("enter")
        terminal.wait_for("what people call it here")
        terminal.press("tab")
        for typed in ("acme1", CANARIES["api key"], CANARIES["api token"], "", "01141169368"):
            terminal.type(typed)
            terminal.press("enter")
        terminal.wait_for("01141169368")
        terminal.press("ctrl+s")
        terminal.wait_for("Saved as a new integration")
        terminal.wait_for("pool of phone numbers?")
        terminal.press("n")
        terminal.wait_until_gone("pool of phone numbers?")
        terminal.press("esc")
        terminal.wait_for("● active")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        traces["terminal"] = bytes(terminal.output)

    exotel.sid, exotel.api_key, exotel.api_token = "acme1", CANARIES["api key"], CANARIES["api token"]
    environment |= exotel.environment
    shell = Shell(tmp_path, environment)
    for arguments, stdin in (
        (("integrations", "configure", "zoho_mail"), json.dumps(BY_COMMAND)),
        (("integrations", "configure", "exotel_phone"), json.dumps({"api_host": exotel.host, **TYPED_AGAIN})),
        (("integrations", "test", "exotel_phone", "--json"), ""),
        (("phone-numbers", "sync", "--yes"), ""),
        (("integrations", "configure", "zoho_mail", "--json"), json.dumps({**BY_COMMAND, "smtp_port": "no port"})),
        (("integrations", "list", "--json"), ""),
        (("integrations", "show", "exotel_phone"), ""),
        (("integrations", "show", "zoho_mail", "--json"), ""),
        (("integrations", "disable", "zoho_mail"), ""),
        (("audit", "list", "--json"), ""),
        (("keys", "status"), ""),
        (("doctor",), ""),
        (("setup", "--dry-run"), ""),
    ):
        outcome = shell.run(*arguments, stdin=stdin)
        assert outcome.status in (0, 2, 5), outcome.err
        traces[" ".join(arguments)] = (outcome.out + outcome.err).encode()

    with psycopg.connect(keyed_database) as connection:
        rows = connection.execute("select l::text from integration_audit_logs as l").fetchall()
        assert len(rows) >= 3
        traces["log rows"] = "\n".join(row for (row,) in rows).encode()
    traces["server log"] = postgres.log_since(mark).encode()
    assert b"integration_credentials" in traces["server log"]
    for file in tmp_path.rglob("*"):
        if file.is_file():
            traces[str(file)] = file.read_bytes()

    for place, content in traces.items():
        for canary, secret in CANARIES.items():
            if (place, canary) == ("server log", "database password"):
                # The test itself creates the role with it.
                continue
            assert not found_in(content.decode(errors="replace"), [secret]), (canary, place)
