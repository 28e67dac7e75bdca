"""Zoho Mail: a mailbox reached by SMTP and IMAP with an app password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.providers.fields import Field, Findings, IntegrationType
from tui.providers.mail.provider import MailProvider
from tui.providers.zoho_hosts import (
    DEFAULT_IMAP_HOST,
    DEFAULT_SMTP_HOST,
    IMAP_HOSTS,
    SMTP_HOSTS,
    ZOHO_HOST,
    centre_of,
    other_hosts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.providers.verdicts import Tell


def new_password(host: str) -> str:
    """Say how to make an app password for an account on that host."""
    return (
        f"Make a new app password at accounts.zoho.{centre_of(host)} > Security > App Passwords and enter it without "
        "spaces; the account's own password does not work with multi-factor sign-in."
    )


ZOHO = MailProvider(
    "Zoho",
    "Switch it on: an administrator first allows IMAP for the organisation, then in the mailbox: Settings > Mail "
    "Accounts > IMAP. Zoho's free plan has no IMAP.",
    new_password,
    other_hosts,
)


def check_hosts(credential: Mapping[str, Any]) -> Findings:
    """Find an SMTP and an IMAP host of two plans or two data centres: one of them would refuse the password."""
    findings = Findings()
    smtp = ZOHO_HOST.fullmatch(str(credential.get("smtp_host") or DEFAULT_SMTP_HOST))
    imap = ZOHO_HOST.fullmatch(str(credential.get("imap_host") or DEFAULT_IMAP_HOST))
    if smtp and imap and smtp.groups() != imap.groups():
        findings.warnings["imap_host"] = (
            f"The SMTP host is of another plan or data centre; imap{smtp[1] or ''}.zoho.{smtp[2]} would go with it."
        )
    return findings


async def test_connection(credential: Mapping[str, Any], tell: Tell) -> None:
    """Log in once by SMTP and once by IMAP, side by side."""
    # Not at the top, as each start reads this module.
    from tui.providers.field_kinds import as_text
    from tui.providers.mail.check import check_mailbox

    values = {field.name: as_text(credential.get(field.name)) or field.default or "" for field in TYPES[0].fields}
    await check_mailbox(values, ZOHO, tell)


TYPES = (
    IntegrationType(
        "zoho_mail",
        "Zoho Mail",
        "Make an app password at accounts.zoho.com > Security > App Passwords (with the address of your data "
        "centre: .eu, .in ...); it is shown once, and the account's own password does not work. IMAP must be on: "
        "first for the organisation by its administrator, then in the mailbox under Settings > Mail Accounts > "
        "IMAP. Paid organisations with their own domain use smtppro and imappro, everybody else smtp and imap; "
        "the ending follows the data centre.",
        (
            Field(
                "email",
                "E-mail address",
                "email",
                "The whole address of the mailbox; it is the user name as well.",
                example="support@example.com",
                required=True,
                max_length=254,
            ),
            Field(
                "app_password",
                "App password",
                "word",
                "Made for this purpose in the Zoho account, entered without spaces; not the account's password.",
                example="12 letters and digits",
                required=True,
                secret=True,
            ),
            Field(
                "smtp_host",
                "SMTP host",
                "host",
                "smtp.zoho.* for personal and free mailboxes, smtppro.zoho.* for paid organisations.",
                example="smtppro.zoho.in",
                default=DEFAULT_SMTP_HOST,
                choices=SMTP_HOSTS,
                max_length=253,
            ),
            Field(
                "smtp_port",
                "SMTP port",
                "port",
                "587 starts unencrypted and switches to TLS (STARTTLS), 465 uses TLS from the first byte.",
                example="587",
                default="587",
                choices=("587", "465"),
                max_length=5,
            ),
            Field(
                "imap_host",
                "IMAP host",
                "host",
                "imap.zoho.* for personal and free mailboxes, imappro.zoho.* for paid organisations.",
                example="imappro.zoho.in",
                default=DEFAULT_IMAP_HOST,
                choices=IMAP_HOSTS,
                max_length=253,
            ),
            Field(
                "imap_port",
                "IMAP port",
                "port",
                "993 uses TLS from the first byte.",
                example="993",
                default="993",
                choices=("993",),
                max_length=5,
            ),
        ),
        check=check_hosts,
        test=test_connection,
    ),
)
