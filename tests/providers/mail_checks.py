"""What the connection test of a mailbox tells, with the tests' authority trusted."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal
from unittest.mock import patch

from tests.support.servers.mail import PASSWORD, USER, environment
from tui.providers import integration_type
from tui.providers.integration_types.zoho_mail import ZOHO
from tui.providers.mail.check import check_service
from tui.providers.mail.responses import Login

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.servers.mail import Tls
    from tui.providers.mail.check import Service
    from tui.providers.verdicts import Verdict

LOGIN = Login(USER, PASSWORD)


async def check_mailbox(credential: Mapping[str, Any], *, is_watched: bool = True) -> dict[tuple[str, str], Verdict]:
    """Test the whole mailbox; verdicts by subject and level."""
    verdicts: list[Verdict] = []
    type_ = integration_type("zoho_mail")
    test = type_.test if is_watched else type_.test_unwatched
    assert test is not None
    with patch.dict(os.environ, environment()):
        await test(credential, verdicts.append)
    by_place = {(verdict.subject, verdict.level): verdict for verdict in verdicts}
    assert len(by_place) == len(verdicts)
    return by_place


async def ask(
    service: Service,
    port: int,
    login: Login = LOGIN,
    *,
    tls: Tls | Literal["to be found out"] = "starttls",
    host: str = "localhost",
    seconds: float = 10,
) -> list[Verdict]:
    """Test one server alone, taking `port` for one whose use of TLS is agreed on, or for one that is not known."""
    verdicts: list[Verdict] = []
    if tls == "implicit":
        service = replace(service, tls_port=port)
    elif tls != "to be found out":
        service = replace(service, starttls_port=port)
    with patch.dict(os.environ, environment()):
        await check_service(service, host, str(port), login, ZOHO, verdicts.append, seconds=seconds)
    return verdicts


async def until(condition: Any, seconds: float = 5) -> None:
    """Wait for a condition that something outside of this test brings about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def speaking_threads() -> list[threading.Thread]:
    """The threads that still talk to a mail server."""
    return [thread for thread in threading.enumerate() if thread.name in {"SMTP test", "IMAP test"}]
