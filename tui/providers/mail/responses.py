"""What a mail server's answers to a login mean, and what to do about each."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.errors import ProviderFailed
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.providers.mail.provider import MailProvider

_LONGEST_QUOTE = 120  # characters of the server's own text
# An honest text has a line or two. The patterns take the square of the length, and the megabyte that a server may send
# would keep them busy for an hour, and the whole process with them.
_LONGEST_TEXT = 1000

# RFC 9051, section 7.1, and RFC 5530: any other word in brackets may be anything, so it is no code.
_IMAP_CODES = frozenset(
    [
        *("ALERT", "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "BADCHARSET", "CANNOT", "CLIENTBUG", "CONTACTADMIN"),
        *("EXPIRED", "INUSE", "LIMIT", "NOPERM", "OVERQUOTA", "PRIVACYREQUIRED", "SERVERBUG", "UNAVAILABLE"),
    ]
)
_TEMPORARY_CODES = {"INUSE", "SERVERBUG", "UNAVAILABLE"}

# Zoho's: "You are yet to enable IMAP for your account. Please contact your administrator (Failure)".
_SWITCHED_OFF = re.compile(
    r"(?:en|dis)abled?(?: for)?\s+(?:the\s+)?imap|imap\b.{0,40}\b(?:disabled|not enabled|switched off)", re.IGNORECASE
)
# Zoho's: "Your IMAP server details are incorrect. Please use imappro.zoho.in".
_WRONG_HOST = re.compile(
    r"\b(?:server|host) ?(?:details|settings|name)\b.{0,20}\b(?:incorrect|wrong|invalid)\b"
    r"|\bplease use (?:imap|smtp)\w*\.",
    re.IGNORECASE,
)
_NEEDS_APP_PASSWORD = re.compile(
    r"\b(?:use|need|requires?|generate|create)\b.{0,20}\bapp(?:lication)?[ -](?:specific[ -])?password"
    r"|\bapp(?:lication)?[ -](?:specific[ -])?passwords?\b.{0,10}\b(?:required|needed)",
    re.IGNORECASE,
)
_INVALID = re.compile(r"invalid credentials|\b(?:incorrect|invalid|wrong)\b.{0,20}\bpassword", re.IGNORECASE)
_TOO_MANY = re.compile(r"too many|simultaneous|concurrent|connections? limit|limit exceeded", re.IGNORECASE)
_BLOCKED = re.compile(r"\b(?:block|locked|suspend|unusual|disabled|deactivated)", re.IGNORECASE)
_RESTRICTED = re.compile(r"\baccess (?:is )?restricted\b", re.IGNORECASE)
_WRONG_PASSWORD = re.compile(
    r"invalid credentials|authentication failed|(?:login|password)\b.*\b(?:failed|incorrect|invalid|wrong)"
    r"|(?:incorrect|invalid|wrong)\b.*\b(?:login|password)|application-specific password",
    re.IGNORECASE,
)
_AUTHENTICATION = {"AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED"}


@dataclass(frozen=True, slots=True)
class Login:
    """What is sent to log in; none of it shows in a repr."""

    user: str
    password: str = field(repr=False)

    @property
    def plain(self) -> str:
        """The one message of the mechanism PLAIN (RFC 4616), in base64."""
        return as_base64(f"\0{self.user}\0{self.password}")

    def is_in(self, text: str) -> bool:
        """Whether the password can be read in `text`, in any form in which it was sent."""
        lowered = text.casefold()
        forms = (self.password, self.plain, as_base64(self.password), quoted(self.password)[1:-1])
        return any(form.casefold() in lowered for form in forms)


def as_base64(text: str) -> str:
    """Return the text as base64 of its UTF-8; half characters, which no server accepts, become question marks."""
    return base64.b64encode(text.encode(errors="replace")).decode()


def quoted(text: str) -> str:
    """Return the text as a quoted string of IMAP (RFC 9051, section 4.3)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def quote_of(text: str, login: Login | None) -> str:
    """Return what the server said, to go after a sentence; nothing where it gives the password away."""
    if not text.strip() or (login is not None and login.is_in(text)):
        return ""
    return f" It said: {safe_text(text.strip(), _LONGEST_QUOTE)}"


def smtp_refusal(code: int, text: str, host: str, login: Login, provider: MailProvider) -> ProviderFailed:
    """Return what another reply than 235 to AUTH means."""
    text = text[:_LONGEST_TEXT]
    shown = str(code) if 100 <= code <= 599 else ""
    quote = quote_of(text, login)
    known = _known_cause("SMTP", text, shown, host, provider) or _account_barred("SMTP", text, shown, quote, provider)
    if known is not None:
        return known
    # By the code alone: Zoho words 535 in several ways.
    if code in {534, 535}:
        return _wrong_password(host, shown, provider)
    return _temporary(shown, quote) if 400 <= code < 500 else _unexpected(shown, quote, provider)


def imap_refusal(text: str, host: str, login: Login, provider: MailProvider) -> ProviderFailed:
    """Return what NO to LOGIN means; `text` begins with its code in brackets where it has one."""
    text = text[:_LONGEST_TEXT]
    match = re.match(r"\[([A-Z]+)[^]]*\]", text)
    code = match[1] if match and match[1] in _IMAP_CODES else "NO"
    quote = quote_of(text, login)
    # A refused password may come with the advice to look whether IMAP is enabled.
    if _SWITCHED_OFF.search(text) and not _INVALID.search(text):
        return ProviderFailed(
            "IMAP is not enabled for this mailbox; the server does not complain about the password.",
            provider.enable_imap,
            code=code,
        )
    known = _known_cause("IMAP", text, code, host, provider) or _account_barred("IMAP", text, code, quote, provider)
    if known is not None:
        return known
    if code in _AUTHENTICATION or (code in {"NO", "ALERT"} and _WRONG_PASSWORD.search(text)):
        return _wrong_password(host, code, provider)
    if code == "ALERT":
        sentence = f"The server refused the login with a notice.{quote}"
        return ProviderFailed(sentence, provider.elsewhere(host), code=code)
    return _temporary(code, quote) if code in _TEMPORARY_CODES else _unexpected(code, quote, provider)


def imap_goodbye(text: str, login: Login | None, provider: MailProvider) -> ProviderFailed:
    """Return what BYE means, before the login (None) or instead of an answer to it."""
    text = text[:_LONGEST_TEXT]
    quote = quote_of(text, login)
    barred = _account_barred("IMAP", text, "BYE", quote, provider)
    return barred or ProviderFailed(
        f"The server ended the session.{quote}", "Try again in a few minutes.", code="BYE", is_temporary=True
    )


def _known_cause(what: str, text: str, code: str, host: str, provider: MailProvider) -> ProviderFailed | None:
    """Return that the server asks for another host or another kind of password, or None where it does not say so."""
    if _NEEDS_APP_PASSWORD.search(text):
        return ProviderFailed(
            "The server asks for an app password: what was sent is the account's own.",
            provider.new_password(host),
            code=code,
        )
    if _WRONG_HOST.search(text):
        what_to_do = provider.host_within(text) or provider.doubt or provider.elsewhere(host)
        return ProviderFailed(
            f"This {what} host does not serve the mailbox; the server does not complain about the password.",
            what_to_do,
            code=code,
        )
    return None


def _wrong_password(host: str, code: str, provider: MailProvider) -> ProviderFailed:
    """Return that the address and the password do not go together, as far as this host knows."""
    what_to_do = f"{provider.doubt} {provider.new_password(host)} {provider.elsewhere(host)}".lstrip()
    return ProviderFailed(f"The server refused the address or the {provider.login_with}.", what_to_do, code=code)


def _account_barred(what: str, text: str, code: str, quote: str, provider: MailProvider) -> ProviderFailed | None:
    """Return that the account may not log in now, or None where the text does not say so."""
    # A block is often said with its reason, too many logins: then the next login prolongs it.
    if _BLOCKED.search(text):
        return ProviderFailed(
            f"The provider has blocked {what} for this account.{quote}",
            "Do not try again now: it prolongs the block. The mailbox's owner or an administrator unblocks it at "
            f"{provider.name}.",
            code=code,
        )
    if _TOO_MANY.search(text) or code == "LIMIT":
        return ProviderFailed(
            f"The server has too many connections or logins of this account.{quote}",
            "Close other mail programs of this mailbox or wait a few minutes, then try again.",
            code=code,
            is_temporary=True,
        )
    if _RESTRICTED.search(text):
        # Zoho documents no reason: the plan, the organisation's rules and the network are all possible.
        return ProviderFailed(
            f"The server restricts {what} for this account.{quote}",
            f"Ask the mailbox's administrator whether {provider.name}'s plan, a rule or this network blocks {what}.",
            code=code,
        )
    return None


def _temporary(code: str, quote: str) -> ProviderFailed:
    return ProviderFailed(
        f"The server could not check the password just now.{quote}",
        "Try again in a few minutes.",
        code=code,
        is_temporary=True,
    )


def _unexpected(code: str, quote: str, provider: MailProvider) -> ProviderFailed:
    return ProviderFailed(
        f"The server refused the login for a reason not known here.{quote}",
        f"Check the host, the address and the {provider.login_with}.",
        code=code,
    )
