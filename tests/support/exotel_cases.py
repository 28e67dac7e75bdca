"""Every answer that a test of an Exotel integration gets, and what it says: `python -m tests.support.exotel_cases`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.support.servers.certificates import authority_file
from tests.support.servers.exotel import (
    AUTH_TOKEN,
    FAULTS,
    ExotelServer,
    Scripted,
    account_body,
    account_xml,
    error,
    exophone,
    exophones,
)
from tui.providers.exotel_check import prove_phone, prove_sms, prove_whatsapp
from tui.providers.exotel_http import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.servers.certificates import Certificate
    from tests.support.servers.exotel import Place
    from tui.providers.verdicts import Verdict

PATIENCE_S = 1.0
"""How long each step may take where one is meant to take too long; elsewhere it is what people get."""

PHONE: Mapping[str, Any] = {"virtual_number": "01141169368"}
WHATSAPP: Mapping[str, Any] = {"whatsapp_number": "+919876543210"}
PROOFS = {"phone": prove_phone, "sms": prove_sms, "whatsapp": prove_whatsapp}


@dataclass(frozen=True, slots=True)
class Case:
    """What the server does, and the fields of the credential that is tested against it."""

    fields: Mapping[str, Any] = field(default_factory=lambda: PHONE)
    kind: str = "phone"
    numbers: tuple[dict[str, Any], ...] = (exophone("+911141169368"),)
    scripted: Mapping[Place, Scripted] = field(default_factory=dict)
    server: Mapping[str, Any] = field(default_factory=dict)
    """Attributes of the server that are set."""
    certificate: Certificate | None = "good"


def _listing(scripted: Scripted) -> Case:
    return Case(scripted={"numbers": scripted})


def _templates(scripted: Scripted | None = None) -> Case:
    return Case(
        {**WHATSAPP, "waba_id": "104857"}, "whatsapp", scripted={} if scripted is None else {"templates": scripted}
    )


def _v1_list(number: str, **more: Any) -> Scripted:
    """The list as public clients have met it: in the capitals of v1."""
    return Scripted(200, json.dumps({"IncomingPhoneNumbers": [{"PhoneNumber": number, **more}]}).encode())


CASES: Mapping[str, Case] = {
    "reach: certificate of another name": Case(certificate="other name"),
    "reach: certificate expired": Case(certificate="expired"),
    "reach: certificate not valid yet": Case(certificate="not valid yet"),
    "reach: certificate of an unknown authority": Case(certificate="untrusted"),
    "reach: certificate signed by itself": Case(certificate="self-signed"),
    "reach: no TLS": Case(certificate=None),
    "account: JSON": Case(scripted={"account": Scripted(200, account_body())}),
    "account: XML": Case(scripted={"account": Scripted(200, account_xml(), "text/xml")}),
    **{
        name.replace("KYC ", "KYC: ") if name.startswith("KYC") else f"account: {name}": Case(
            scripted={"account": scripted}
        )
        for name, scripted in FAULTS.items()
        if name != "XML"
    },
    "number: listed": Case(),
    "number: listed on the third page": Case({"virtual_number": "01141160120"}, numbers=tuple(exophones(125))),
    "number: none listed": Case(numbers=()),
    "number: one digit wrong": Case(
        {"virtual_number": "01141169369"}, numbers=(exophone("+911141169368"), *exophones(9))
    ),
    "number: quite another": Case({"virtual_number": "09876543210"}),
    "number: without voice": Case(numbers=(exophone("+911141169368", voice=False),)),
    "number: capability not told": Case(numbers=(exophone("+911141169368", capabilities=None),)),
    "number: masked": Case(numbers=(exophone("+91XXXXXXXXXX"),)),
    "number: list is 401": _listing(error(401)),
    "number: list is 403": _listing(error(403)),
    "number: list is 404": _listing(error(404)),
    "number: list is 429": _listing(FAULTS["429 for 30 s"]),
    "number: list is 500": _listing(error(500)),
    "number: list is a web page": _listing(FAULTS["a web page"]),
    "number: list is XML": _listing(FAULTS["XML"]),
    "number: list is cut": _listing(FAULTS["cut"]),
    "number: list is endless": _listing(FAULTS["endless"]),
    "number: pages do not turn": Case(
        {"virtual_number": "09876543210"}, numbers=tuple(exophones(125)), server={"turns_pages": False}
    ),
    "number: list without an end": Case(
        {"virtual_number": "09876543210"}, numbers=tuple(exophones(101)), server={"most_per_page": 1}
    ),
    "number: without voice in v1's words": _listing(_v1_list("01141169368", Capabilities={"Voice": 0})),
    "number: not in v1's list": _listing(_v1_list("08033755555")),
    "call flow: none": Case(numbers=(exophone("+911141169368", voice_url=""),)),
    "caller ID: listed": Case(
        {**PHONE, "caller_id": "+91 1141 160000"}, numbers=(exophone("+911141169368"), *exophones(3))
    ),
    "caller ID: not listed": Case({**PHONE, "caller_id": "08033755555"}),
    "sms: listed": Case({"sms_number": "01141169368"}, "sms"),
    "sms: without SMS": Case({"sms_number": "01141169368"}, "sms", numbers=(exophone("+911141169368", sms=False),)),
    "sms: a sender name": Case({"sms_number": "EXMPLE"}, "sms"),
    "templates: no WABA id": Case(WHATSAPP, "whatsapp"),
    "templates: listed": _templates(),
    "templates: 400": _templates(error(400)),
    "templates: 401": _templates(error(401)),
    "templates: 403": _templates(error(403)),
    "templates: 404": _templates(error(404)),
    "templates: 429": _templates(error(429)),
    "templates: 200 around 404": _templates(
        Scripted(200, json.dumps({"http_code": 404, "response": AUTH_TOKEN}).encode())
    ),
    "templates: 200 around code 403": _templates(
        Scripted(200, json.dumps({"http_code": 200, "response": {"code": 403, "status": "failure"}}).encode())
    ),
    "templates: no list": _templates(Scripted(200, b"[]")),
    "templates: silent": _templates(FAULTS["silent"]),
}


async def verdicts_of(case: Case) -> tuple[list[Verdict], ExotelServer]:
    """Run a case on a server of its own; the process must trust `authority_file`."""
    with ExotelServer(numbers=list(case.numbers), certificate=case.certificate) as server:
        for name, value in case.server.items():
            setattr(server, name, value)
        for place, scripted in case.scripted.items():
            server.answer(place, scripted)
        verdicts: list[Verdict] = []
        late = any(scripted.manner in {"silent", "dripping"} for scripted in case.scripted.values())
        seconds = PATIENCE_S if late else SECONDS
        await PROOFS[case.kind](server.credential(**case.fields), verdicts.append, seconds=seconds)
        return [_with_host(verdict, server.host) for verdict in verdicts], server


@contextlib.contextmanager
def dead_ends() -> Iterator[Mapping[str, str]]:
    """Yield hosts that cannot be reached, by what is wrong with them."""
    with contextlib.ExitStack() as stack:
        closed = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        refusing = closed.getsockname()[1]
        closed.close()
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        # Linux drops the connections for which the queue of an idle listener has no room.
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        stack.enter_context(socket.create_connection(full.getsockname()))
        hanging_up = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        thread = threading.Thread(target=_hang_up, args=(hanging_up,), daemon=True)
        thread.start()
        yield {
            "reach: no such name": "no-such-host.invalid",
            "reach: refused": f"localhost:{refusing}",
            "reach: no connection in time": f"localhost:{full.getsockname()[1]}",
            "reach: no TLS in time": f"localhost:{silent.getsockname()[1]}",
            "reach: hung up": f"localhost:{hanging_up.getsockname()[1]}",
        }
        hanging_up.shutdown(socket.SHUT_RDWR)
        thread.join()


def _hang_up(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            listener.accept()[0].close()


async def verdict_of_dead_end(host: str) -> Verdict:
    """Test a credential for a host that cannot be reached."""
    verdicts: list[Verdict] = []
    credential = {"account_sid": "x", "api_key": "k", "api_token": "t", "api_host": host, **PHONE}
    await prove_phone(credential, verdicts.append, seconds=PATIENCE_S)
    (verdict,) = verdicts
    return _with_host(verdict, host)


def decisive(verdicts: list[Verdict]) -> Verdict:
    """The verdict that a case is about: the first that is not passed, else the last."""
    return next((verdict for verdict in verdicts if verdict.outcome != "passed"), verdicts[-1])


def _with_host(verdict: Verdict, host: str) -> Verdict:
    """The verdict with HOST for a host whose port is another in every run."""
    port = host.rpartition(":")[2]
    texts = [text.replace(host, "HOST").replace(port, "PORT") for text in (verdict.sentence, verdict.what_to_do)]
    return replace(verdict, sentence=texts[0], what_to_do=texts[1])


async def _print_all() -> None:
    print("| answer | verdict | sentence | what to do |\n|---|---|---|---|")
    with dead_ends() as hosts:
        for name, host in hosts.items():
            _print(name, await verdict_of_dead_end(host))
    for name, case in CASES.items():
        verdicts, _ = await verdicts_of(case)
        _print(name, decisive(verdicts))


def _print(name: str, verdict: Verdict) -> None:
    print(f"| {name} | {verdict.outcome} | {verdict.sentence} | {verdict.what_to_do} |")


if __name__ == "__main__":
    os.environ["SSL_CERT_FILE"] = str(authority_file())
    asyncio.run(_print_all())
