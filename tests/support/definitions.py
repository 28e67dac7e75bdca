"""Definitions made by hand, as a file without a mistake would be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.providers.declared.definition import (
    Authorization,
    Condition,
    Definition,
    Get,
    HttpsCheck,
    MailCheck,
    MailLogin,
    Numbers,
    Refusal,
    Shown,
)
from tui.providers.declared.files import SHIPPED, read_file
from tui.providers.fields import Field

if TYPE_CHECKING:
    from tests.support.servers.mail import Listening

ID = Field("account_id", "Account id", "word", "", required=True)
TOKEN = Field("token", "Token", "word", "", required=True, secret=True)
MAIL_FIELDS = (
    Field("user", "User name", "word", "", required=True),
    Field("mail_secret", "Password", "word", "", required=True, secret=True),
)
YES = Condition((200,), {"sid": "{account_id}", "status": "active"})
SUSPENDED = Refusal(Condition((200,), {"status": "suspended"}), "The account is suspended.", "Ask Acme why.")
GET = Get("/v1/accounts/{account_id}.json", YES, (SUSPENDED,))


def definition(**changes: Any) -> Definition:
    """A definition of Acme, with changes."""
    parts: dict[str, Any] = {
        "name": "acme_voice",
        "title": "Acme voice",
        "help": "Console > Settings.",
        "documentation": ("https://docs.acme.example/auth",),
        "unconfirmed": "",
        "fields": (ID, TOKEN),
        "check": check("api.acme.example"),
        "show": (),
        "numbers": None,
        "control": None,
        "origin": "user",
        "path": Path("/nowhere/acme_voice.toml"),
        "sha256": "0" * 64,
        "check_sha256": "1" * 64,
    }
    return Definition(**parts | changes)


def check(
    host: str, *gets: Get, authorization: Authorization | None = None, private_network: bool = True
) -> HttpsCheck:
    """A check at that host, by default with one GET and basic authorization."""
    basic = Authorization("basic", "{token}", "{account_id}")
    return HttpsCheck(host, "", authorization or basic, gets or (GET,), private_network)


def mail_check(smtp: Listening | None, imap: Listening | None) -> MailCheck:
    """A check of a mailbox by MAIL_FIELDS at these servers on localhost."""
    places = [None if server is None else MailLogin("localhost", str(server.port)) for server in (smtp, imap)]
    return MailCheck("{user}", "{mail_secret}", *places, private_network=True)


def shipped(name: str, host: str = "") -> Definition:
    """A shipped definition that asks `host`, where it is given, and a stand-in on loopback."""
    read = read_file(SHIPPED / f"{name}.toml", "shipped")
    assert isinstance(read, Definition) and read.check is not None
    check = read.check._replace(private_network=True)
    return read._replace(check=check._replace(host=host) if isinstance(check, HttpsCheck) else check)


TWILIO_SHOWN = (Shown("Account type", 0, "type"), Shown("Name", 0, "friendly_name"), Shown("Nothing", 0, "none.0"))
TWILIO_NUMBERS = Numbers(
    "/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers.json?PageSize=50",
    "incoming_phone_numbers",
    "phone_number",
    "friendly_name",
    "capabilities.voice",
    "capabilities.sms",
    "next_page_uri",
)


def twilio(host: str, **changes: Any) -> Definition:
    """A definition for the stand-in's Twilio."""
    fields = (
        Field("account_sid", "Account SID", "word", "", required=True),
        Field("auth_token", "Auth token", "word", "", required=True, secret=True),
    )
    yes = Condition((200,), {"sid": "{account_sid}", "status": "active"})
    get = Get("/2010-04-01/Accounts/{account_sid}.json", yes)
    authorization = Authorization("basic", "{auth_token}", "{account_sid}")
    parts: dict[str, Any] = {
        "name": "twilio",
        "title": "Twilio",
        "fields": fields,
        "check": check(host, get, authorization=authorization),
        "show": TWILIO_SHOWN,
        "numbers": TWILIO_NUMBERS,
    }
    return definition(**parts | changes)
