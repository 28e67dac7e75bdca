"""What Zoho's servers may say to a login, and what is made of it: rows of docs/provider_answers.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.answer_shapes import Told, told_of_failure
from tests.support.servers.mail import IMAP_DISABLED, PASSWORD, USER, WRONG_HOST, WRONG_PASSWORD
from tui.providers.integration_types.zoho_mail import ZOHO
from tui.providers.mail.responses import Login, imap_refusal, smtp_refusal

if TYPE_CHECKING:
    from collections.abc import Callable

LOGIN = Login(USER, PASSWORD)

# After the code: what the server said. It is sent by a server in test_mail_responses.py.
SMTP_TEXTS = [
    "535 Authentication Failed",
    "534 5.7.9 Application-specific password required",
    "535 Your SMTP server details are incorrect",
    "535 5.7.0 Too many failed logins",
    "535 Locked after too many failed logins",
    "550 5.4.6 Unusual sending activity detected",
    "454 4.7.0 Temporary authentication failure",
    "554 5.7.8 Access Restricted",
    "530 Must issue a STARTTLS command first",
]
IMAP_TEXTS = [
    WRONG_PASSWORD,
    "[AUTHENTICATIONFAILED] Invalid credentials. Have you enabled IMAP?",
    IMAP_DISABLED,
    "Administrator has disabled IMAP for your organization",
    WRONG_HOST,
    "[ALERT] Your IMAP server details are incorrect",
    "[ALERT] Please use an application-specific password",
    "[ALERT] Too many simultaneous connections. (Failure)",
    "[ALERT] Your account is blocked",
    "[UNAVAILABLE] Backend down",
    "[X-ODD] Computer says no",
]


def told_of_smtp(text: str) -> Told:
    """What a reply to AUTH comes to."""
    return told_of_failure(smtp_refusal(int(text[:3]), text[4:], "smtp.zoho.com", LOGIN, ZOHO))


def told_of_imap(text: str) -> Told:
    """What a NO to LOGIN comes to."""
    return told_of_failure(imap_refusal(text, "imap.zoho.com", LOGIN, ZOHO))


MAIL: dict[str, tuple[list[str], Callable[[str], Told]]] = {
    "What smtp.zoho.com may reply to a login": (SMTP_TEXTS, told_of_smtp),
    "What imap.zoho.com may reply to a login": (IMAP_TEXTS, told_of_imap),
}
