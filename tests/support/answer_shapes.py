"""Every shape in which Exotel may answer, and what is made of it: the rows of docs/provider_answers.md.

A row is an answer as it comes, what it is taken for (yes, no, unknown, or what is read of it), and where such an answer
is from. Its sentence stands in the document alone, which a test compares.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tests.support.servers.exotel import AUTH_TOKEN, SID, WEB_PAGE
from tui.errors import ProviderFailed
from tui.providers.exotel_exophones import health_refusal, lines_of, page_of
from tui.providers.exotel_facts import balance_of
from tui.providers.exotel_hosts import Asked
from tui.providers.exotel_responses import Refusal, account_refusal, refusal, templates_refusal
from tui.providers.https_host import Response

if TYPE_CHECKING:
    from collections.abc import Callable

ASKED = Asked("api.exotel.com", SID)

REFUSED = {
    "code": 403,
    "status": "failure",
    "error_data": {"code": 1010, "message": "Authorization failed"},
    "data": None,
}
EMPTY: dict[str, Any] = {"whatsapp": {"templates": []}}
ACTIVE = {"sid": SID, "status": "active"}
XML_AROUND_403 = (
    b"<TwilioResponse><RestException><Status>403</Status></RestException>"
    b"<Account><Sid>exampleco1</Sid><Status>active</Status></Account></TwilioResponse>"
)

# A body that comes with 200 and is no yes, and the code that it gives in place of it.
NO_YES: list[tuple[Any, str]] = [
    ({"RestException": {"Status": 403, "Message": AUTH_TOKEN}, **ACTIVE, "response": EMPTY}, "403"),
    ({"TwilioResponse": {"RestException": {"Status": "401"}, "Account": ACTIVE}}, "401"),
    ({"RestException": {"Message": AUTH_TOKEN}, "Account": ACTIVE}, "200"),
    ({"error": AUTH_TOKEN, **ACTIVE, "response": EMPTY}, "200"),
    ({"errors": [AUTH_TOKEN], **ACTIVE, "response": EMPTY}, "200"),
    ({"error": {"code": 404}}, "404"),
    ({}, "200"),
    ([], "200"),
    ({"http_code": 404, "response": AUTH_TOKEN}, "404"),
    ({"http_code": "403", "response": EMPTY, **ACTIVE}, "403"),
    ({"http_code": True, "response": EMPTY, **ACTIVE}, "200"),
    ({"http_code": "many", "response": EMPTY, **ACTIVE}, "200"),
    ({"request_id": "a", "method": "GET", "http_code": 200, "response": REFUSED}, "403"),
    ({"http_code": 200, "response": {**REFUSED, **EMPTY, "data": ACTIVE}}, "403"),
    ({"http_code": 200, "response": [{"code": "401", "data": ACTIVE}]}, "401"),
    ({"http_code": 207, "response": {"whatsapp": {"templates": [REFUSED]}}}, "403"),
    ({"response": {"error_data": {"code": 1010}, **EMPTY, "data": ACTIVE}}, "200"),
    ({"response": {"status": "failure", **EMPTY, "data": ACTIVE}}, "200"),
    ({"response": {"whatsapp": {"templates": None}}, "Account": {"Sid": SID}}, "200"),
    ({"response": {"whatsapp": {"templates": ["x"]}}, "Account": {"Sid": None, "Status": "active"}}, "200"),
    ({"response": {"whatsapp": {"templates": [{"data": None}]}}, "Account": {"Sid": " ", "Status": "active"}}, "200"),
    ({"response": {"templates": []}, "Account": {"Sid": SID, "Status": None}}, "200"),
    ({"http_code": 200, "response": {"whatsapp": {"code": 403, "status": "failure", "templates": []}}}, "403"),
    ({"http_code": 200, "response": {"whatsapp": {"error": AUTH_TOKEN, "templates": []}, "data": ACTIVE}}, "200"),
    ({"HTTP_CODE": 403, "response": EMPTY, **ACTIVE}, "403"),
    ({"http_code": 200, "response": {"Code": 403, **EMPTY, "data": ACTIVE}}, "403"),
    ({"http_code": 200, "response": {"Status": "failure", **EMPTY, "data": ACTIVE}}, "200"),
    ({"http_code": 200, "success": False, "response": {**EMPTY, "data": ACTIVE}}, "200"),
    ({"response": EMPTY}, "200"),
    ({"response": EMPTY, "IncomingPhoneNumber": ACTIVE}, "200"),
    (XML_AROUND_403, "403"),
    (b"<TwilioResponse><Account><Sid>exampleco1</Sid></Account></TwilioResponse>", "200"),
    (b"<TwilioResponse><Account><Status>active</Status></Account></TwilioResponse>", "200"),
    (b"<TwilioResponse><Accounts><Sid>exampleco1</Sid><Status>active</Status></Accounts></TwilioResponse>", "200"),
    (b"<TwilioResponse><Account><Sid>exampleco1</Sid></Account><Status>active</Status></TwilioResponse>", "200"),
    (b"<a>" * 20_000, "200"),
    (b"<!DOCTYPE a [<!ENTITY b '" + b"c" * 999 + b"'>]><a>" + b"&b;" * 9_999 + b"</a>", "200"),
]
YES: list[Any] = [
    {**ACTIVE, "http_code": 200, "response": EMPTY},
    {"http_code": "200", "metadata": None, "response": {"code": 200, "error_data": None, **EMPTY, "data": ACTIVE}},
    {"http_code": 200, "response": {"code": 200, "status": "success", "data": ACTIVE, **EMPTY}, "error": None},
    {
        **{"Sid": SID, "Status": "Active", "http_code": 200},
        "response": {"whatsapp": {"templates": [{"code": 200, "data": {"name": "hi"}}]}},
    },
]


def _is_huge(body: Any) -> bool:
    return isinstance(body, bytes) and len(body) > 500


Source = Literal["documented", "met", "made up"]
"""documented: by the provider, or read by its own client. met: by a public client. made up: nobody has seen it."""


class Shape(NamedTuple):
    """An answer, who was asked for it, what it is taken for, and where it is from."""

    body: Any
    taken_for: str
    source: Source = "made up"
    status: int = 200
    content_type: str = ""
    asked: Asked = ASKED

    @property
    def response(self) -> Response:
        """The answer as the client hands it on."""
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return Response(self.status, 1, {"content-type": self.content_type} if self.content_type else {}, body)

    @property
    def shown(self) -> str:
        """The answer as the document shows it, cut where it is long."""
        body = self.response.body[:400].decode(errors="replace").replace(AUTH_TOKEN, "...")
        shown = f"`{body if len(body) <= 150 else f'{body[:150]}...'}`" if body else "no body"
        called = f" called {self.content_type}" if self.content_type else ""
        host = "" if self.asked == ASKED else f" from {self.asked.host} for {self.asked.sid}"
        return f"{self.status}{called}{host}: {shown}"


class Told(NamedTuple):
    """What is made of an answer: what it is taken for, and the sentences, empty for a yes."""

    taken_for: str
    sentence: str = ""
    what_to_do: str = ""


REST = {"RestException": {"Status": 401, "Message": AUTH_TOKEN}}
MUMBAI_SID = Asked("api.exotel.com", "exampleco1m")
MUMBAI = Asked("api.in.exotel.com", "exampleco1m")
GATEWAY = Asked("gateway.example.com", SID)
PASCAL = {
    **{"Sid": SID, "FriendlyName": "Example", "Type": "Full", "Status": "active", "Uri": None},
    **{"BillingType": "prepaid", "KycStatus": "completed"},
}

ACCOUNTS = [
    Shape(PASCAL, "yes", "met"),
    Shape({"Account": PASCAL}, "yes", "met"),
    Shape({"TwilioResponse": {"Account": PASCAL}}, "yes", "met"),
    Shape({"Account": PASCAL}, "yes", "met", content_type="text/html"),
    Shape({"http_code": 200, "response": {"code": 200, "status": "success", "data": ACTIVE}}, "yes"),
    Shape(
        b"<TwilioResponse><Account><Sid>exampleco1</Sid><Status>active</Status></Account></TwilioResponse>",
        "yes",
        "met",
    ),
    Shape({**ACTIVE, "sid": SID.upper()}, "yes"),
    Shape({**ACTIVE, "sid": "another"}, "unknown"),
    Shape({**ACTIVE, "status": "suspended"}, "no", "documented"),
    Shape({**ACTIVE, "status": "dormant"}, "unknown"),
    Shape(REST, "no", "documented", 401),
    Shape(REST, "no", "documented", 401, "text/html"),
    Shape(REST, "no", "documented", 403, "text/html", GATEWAY),
    Shape(WEB_PAGE, "no", status=401, content_type="text/html"),
    Shape(b"", "no", status=401, content_type="text/html", asked=MUMBAI),
    Shape(WEB_PAGE, "unknown", status=401, content_type="text/html", asked=GATEWAY),
    Shape(b"", "no", "met", 401, asked=MUMBAI_SID),
    Shape(WEB_PAGE, "unknown", status=403, content_type="text/html"),
    Shape(b"", "no", "documented", 400),
    Shape(b"", "no", "documented", 402),
    Shape(b"", "no", "documented", 403, asked=MUMBAI),
    Shape(b"", "no", "documented", 404),
    Shape(b"", "unknown", "documented", 429),
    Shape(b"", "unknown", "documented", 503),
    Shape(REST, "no", "documented"),
    Shape({"RestException": {"Code": "INVALID_ACCOUNT_SID", "Message": AUTH_TOKEN}}, "no", "documented"),
    Shape({"RestException": {"Code": "RATE_LIMIT_EXCEEDED", "Message": AUTH_TOKEN}}, "unknown", "documented"),
    *(Shape(body, "unknown" if code == "200" else "no") for body, code in NO_YES if not _is_huge(body)),
]

NUMBER = {"phone_number": "+911141169368", "capabilities": {"voice": True, "sms": False}, "voice_url": ""}
READ = "+911141169368"
LISTS = [
    Shape(
        {"page": 0, "page_size": 50, "incoming_phone_numbers": [NUMBER]},
        f"{READ}, voice yes, SMS no, no call flow",
        "documented",
    ),
    Shape({"incoming_phone_numbers": []}, "no numbers", "documented"),
    Shape({"incoming_phone_numbers": [], "IncomingPhoneNumbers": [NUMBER]}, "no numbers"),
    Shape({"incoming_phone_numbers": [{"phone_number": READ}]}, f"{READ}, voice ?, SMS ?", "met"),
    Shape({"incoming_phone_numbers": [{"phone_number": 911141169368}]}, f"{READ}, voice ?, SMS ?", "met"),
    Shape(
        {"incoming_phone_numbers": [{**NUMBER, "capabilities": {"Voice": False, "SMS": True}}]},
        f"{READ}, voice no (not relied on), SMS yes, no call flow",
        "met",
    ),
    Shape(
        {"incoming_phone_numbers": [{**NUMBER, "capabilities": {"voice": 0, "sms": "1"}}]},
        f"{READ}, voice no (not relied on), SMS yes, no call flow",
        "met",
    ),
    Shape(
        {"incoming_phone_numbers": [{**NUMBER, "capabilities": ["voice"]}]},
        f"{READ}, voice yes, SMS ?, no call flow",
        "met",
    ),
    Shape(
        {"incoming_phone_numbers": [{**NUMBER, "voice_url": None}]},
        f"{READ}, voice yes, SMS no, no call flow",
        "documented",
    ),
    Shape(
        {"incoming_phone_numbers": [{**NUMBER, "voice_url": "https://my.exotel.com/exoml/start/41"}]},
        f"{READ}, voice yes, SMS no, call flow 41",
        "documented",
    ),
    Shape(
        {"IncomingPhoneNumbers": [{"PhoneNumber": "01141169368", "VoiceUrl": ""}]},
        f"{READ}, voice ?, SMS ?, no call flow",
        "met",
    ),
    Shape(
        {"TwilioResponse": {"IncomingPhoneNumbers": [{"PhoneNumber": "01141169368"}]}}, f"{READ}, voice ?, SMS ?", "met"
    ),
    Shape(
        {"http_code": 200, "response": [{"code": 200, "status": "success", "data": NUMBER}]},
        f"{READ}, voice yes, SMS no (not relied on), no call flow",
        "met",
    ),
    Shape([NUMBER], f"{READ}, voice yes, SMS no (not relied on), no call flow", "met"),
    Shape(
        b"<TwilioResponse><IncomingPhoneNumbers><IncomingPhoneNumber><PhoneNumber>01141169368</PhoneNumber>"
        b"</IncomingPhoneNumber><IncomingPhoneNumber><PhoneNumber>08033755555</PhoneNumber></IncomingPhoneNumber>"
        b"</IncomingPhoneNumbers></TwilioResponse>",
        f"{READ}, voice ?, SMS ?; +918033755555, voice ?, SMS ?",
        "met",
    ),
    Shape(
        b"<TwilioResponse><IncomingPhoneNumbers><IncomingPhoneNumber><PhoneNumber>01141169368</PhoneNumber>"
        b"</IncomingPhoneNumber></IncomingPhoneNumbers></TwilioResponse>",
        f"{READ}, voice ?, SMS ?",
        "met",
    ),
    Shape({"incoming_phone_numbers": [{"phone_number": "+91XXXXXXXXXX"}]}, "unreadable", "met"),
    Shape({"IncomingPhoneNumbers": []}, "unknown", "met"),
    Shape([], "unknown", "met"),
    Shape({"incoming_phone_numbers": None}, "unknown"),
    Shape({"incoming_phone_numbers": [], "RestException": {"Status": 403}}, "no"),
    Shape(b"", "unknown"),
]

TEMPLATES = [
    Shape(
        {"http_code": 200, "response": {"whatsapp": {"templates": [{"code": 200, "data": {"name": "hi"}}]}}},
        "yes",
        "met",
    ),
    Shape({"http_code": 200, "response": EMPTY}, "yes", "met"),
    Shape({"http_code": 200, "response": {"whatsapp": {"templates": None}}}, "unknown"),
    Shape({"http_code": 200, "response": {"templates": []}}, "unknown"),
    Shape({"http_code": 200, "response": [{"data": {"name": "hi"}}]}, "unknown"),
    Shape({"response": EMPTY}, "unknown"),
    Shape([], "unknown"),
    Shape(PASCAL, "unknown"),
    Shape({"http_code": 403, "response": None}, "no", "documented"),
    Shape({"http_code": 207, "response": {"whatsapp": {"templates": [REFUSED]}}}, "no"),
]

BALANCE = {"Balance": "1543.75", "Currency": "INR", "PricingPlan": "Dabbler"}
BALANCES = [
    Shape({"Account": {"AccountSid": SID, "BalanceData": BALANCE}}, "1543.75 INR", "documented"),
    Shape({"Account": {"AccountSid": SID, "BalanceData": {"Balance": -12, "Currency": "inr"}}}, "-12 INR"),
    Shape(
        b"<TwilioResponse><Account><AccountSid>exampleco1</AccountSid><BalanceData><Balance>7.5</Balance>"
        b"<Currency>USD</Currency></BalanceData></Account></TwilioResponse>",
        "7.5 USD",
        "documented",
    ),
    Shape({"Account": {"AccountSid": "another", "BalanceData": BALANCE}}, "unknown"),
    Shape({"Account": {"AccountSid": SID, "BalanceData": {"Balance": "NaN", "Currency": "INR"}}}, "unknown"),
    Shape({"Account": {"AccountSid": SID, "BalanceData": {"Balance": "much", "Currency": "INR"}}}, "unknown"),
    Shape({"Account": {"AccountSid": SID, "BalanceData": {"Balance": "1e9999999999", "Currency": "INR"}}}, "unknown"),
    Shape({"Account": {"AccountSid": SID, "BalanceData": {"Balance": True, "Currency": "INR"}}}, "unknown"),
    Shape({"Account": {"AccountSid": SID, "BalanceData": {"Balance": "5"}}}, "unknown"),
    Shape({"Account": ACTIVE}, "unknown"),
    Shape(REST, "no", "documented"),
]

DOWN = {"status": "major_outage", "last_check_time": "2026-11-29T15:19:23Z", "alternate_exophone": "08033755555"}
LINES = {"connectivity": {"incoming_call": DOWN, "outgoing_call": {"status": "active"}}}
READ_LINES = "incoming major_outage (use +918033755555), outgoing active"
HEALTH = [
    Shape({"http_code": 200, "response": {"code": 200, "status": "success", "data": LINES}}, READ_LINES, "documented"),
    Shape(LINES, READ_LINES, "met"),
    Shape({"http_code": 200, "response": [{"code": 200, "data": LINES}]}, READ_LINES),
    Shape({"connectivity": {"incoming_call": {"status": "Active"}}}, "incoming active, outgoing ?"),
    Shape({"connectivity": {"incoming_call": None, "outgoing_call": {"status": 5}}}, "incoming ?, outgoing ?"),
    Shape(
        {"connectivity": {"incoming_call": {"status": "active", "last_check_time": "0001-01-01T00:00:00+23:59"}}},
        "incoming active, outgoing ?",
    ),
    Shape({"connectivity": {}}, "unknown"),
    Shape({"sid": "1", "phone_number": "+911141169368"}, "unknown", "documented"),
    Shape({"http_code": 404, "response": None}, "unknown", "documented"),
    Shape(b"", "unknown", "documented", 429),
    Shape(b"", "no", "documented", 401),
]


def told_of_failure(problem: ProviderFailed) -> Told:
    """What a failure says of the credential, and how."""
    says_no = problem.says_no if isinstance(problem, Refusal) else not problem.is_temporary
    return Told("no" if says_no else "unknown", problem.sentence, problem.what_to_do)


def told_of_account(shape: Shape) -> Told:
    """What an answer for the account comes to."""
    refused = account_refusal(shape.response, shape.asked)
    return told_of_failure(refused) if refused else Told("yes")


def told_of_templates(shape: Shape) -> Told:
    """What an answer for the templates comes to."""
    refused = templates_refusal(shape.response, shape.asked)
    return told_of_failure(refused) if refused else Told("yes")


def told_of_list(shape: Shape) -> Told:
    """What is read of a page of the list of ExoPhones."""
    try:
        if refused := refusal(shape.response, shape.asked):
            raise refused
        page = page_of(shape.response, shape.asked, 50)
    except ProviderFailed as problem:
        return told_of_failure(problem)
    read = []
    for phone in page.entries:
        if phone is None:
            return Told("unreadable")
        can = {None: "?", True: "yes", False: "no" if phone.is_documented else "no (not relied on)"}
        flow = {None: "", "none": ", no call flow"}.get(phone.call_flow, f", call flow {phone.call_flow}")
        read.append(f"{phone.number}, voice {can[phone.voice]}, SMS {can[phone.sms]}{flow}")
    return Told("; ".join(read) or "no numbers")


def told_of_balance(shape: Shape) -> Told:
    """What is read of a balance."""
    try:
        if refused := refusal(shape.response, shape.asked):
            raise refused
        balance = balance_of(shape.response, shape.asked)
    except ProviderFailed as problem:
        return told_of_failure(problem)
    return Told(f"{balance.amount:f} {balance.currency}")


def told_of_health(shape: Shape) -> Told:
    """What is read of the lines of a number."""
    try:
        if refused := health_refusal(shape.response, shape.asked):
            raise refused
        lines = lines_of(shape.response, shape.asked)
    except ProviderFailed as problem:
        return told_of_failure(problem)
    return Told(
        ", ".join(
            f"{name} {line.state or '?'}{f' (use {line.alternate})' if line.alternate else ''}"
            for name, line in zip(("incoming", "outgoing"), lines, strict=True)
        )
    )


GROUPS: dict[str, tuple[list[Shape], Callable[[Shape], Told]]] = {
    "An Exotel account": (ACCOUNTS, told_of_account),
    "A page of the list of ExoPhones": (LISTS, told_of_list),
    "The WhatsApp templates": (TEMPLATES, told_of_templates),
    "The balance": (BALANCES, told_of_balance),
    "The health of a number": (HEALTH, told_of_health),
}
