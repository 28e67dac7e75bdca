"""Who runs the process, and from where."""

from __future__ import annotations

import os

import pytest

from tui import __version__
from tui.process.identity import login_name, source_address, user_agent


@pytest.mark.parametrize(
    ("connection", "address"),
    [
        ("203.0.113.7 50022 10.0.0.5 22", "203.0.113.7"),
        ("2001:DB8::7 50022 2001:db8::1 22", "2001:db8::7"),
        ("fe80::1%eth0 50022 fe80::2 22", "fe80::1"),
        ("UNKNOWN 65535 UNKNOWN 65535", None),
        ("203.0.113.7'; drop table x", None),
        ("999.1.1.1 1 1 1", None),
        ("", None),
        (None, None),
    ],
)
def test_the_source_address_is_one_that_inet_takes_or_none(connection: str | None, address: str | None) -> None:
    assert source_address({} if connection is None else {"SSH_CONNECTION": connection}) == address


def test_the_user_agent_names_version_login_and_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "jump\x1b[2J ho'st(1)", "6", "1", "x86_64")))
    assert user_agent({"LOGNAME": "somebody-else"}) == f"switchboard/{__version__} ({login_name()}@jump__2J_ho_st_1_)"


def test_the_login_comes_from_the_account_and_not_from_the_environment() -> None:
    import pwd

    assert login_name({"LOGNAME": "boss", "USER": "boss"}) == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"LOGNAME": "desk"}, "desk"),
        ({"USER": "Zoë\n" + "x" * 100}, "Zo__" + "x" * 60),
        ({"LOGNAME": "", "USER": ""}, "uid-54321"),
    ],
)
def test_an_account_without_a_name_is_called_by_what_it_calls_itself(
    environ: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert login_name(environ) == name
