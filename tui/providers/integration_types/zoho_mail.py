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
    accounts_host,
    host_within,
    mail_host,
    other_hosts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.providers.verdicts import Tell
    from tui.providers.zoho_hosts import Protocol


def new_password(host: str) -> str:
    """Say how to make an app password for an account on that host."""
    return (
        f"Make a new app password at {accounts_host(host)} > Security > App Passwords and enter it without "
        "spaces; the account's own password does not work with multi-factor sign-in."
    )


def hosts_to_enter(text: str) -> str:
    """Say which hosts to enter, by the one of Zoho's that a text names; empty where it names none."""
    named = host_within(text)
    return f"Enter {named.of('smtp')} as the SMTP host and {named.of('imap')} as the IMAP host." if named else ""


ZOHO = MailProvider(
    "Zoho",
    "Switch it on: an administrator first allows IMAP for the organisation, then in the mailbox: Settings > Mail "
    "Accounts > IMAP. Zoho's free plan has no IMAP.",
    new_password,
    lambda host: (
        f"If address and password are right, the account is of another plan or data centre: {other_hosts(host)}."
    ),
    hosts_to_enter,
)


def check_hosts(credential: Mapping[str, Any]) -> Findings:
    """Find hosts of Zoho's that do not go together: one of them would refuse the password."""
    findings = Findings()
    typed = {protocol: str(credential.get(f"{protocol}_host") or "") for protocol in _DEFAULTS}
    hosts = {protocol: mail_host(typed[protocol] or default) for protocol, default in _DEFAULTS.items()}
    for protocol, host in hosts.items():
        if host is None:
            continue
        if host.protocol != protocol:
            sentence = f"This host is for {host.protocol.upper()}. The one for {protocol.upper()} is"
            _warn(findings, f"{protocol}_host", sentence, host.of(protocol))
        elif not host.is_proven:
            findings.warnings[f"{protocol}_host"] = (
                "That Zoho serves mail at this host is not proven. If it does not answer, ask Zoho for your host."
            )
    smtp, imap = hosts["smtp"], hosts["imap"]
    if smtp and imap and smtp[1:] != imap[1:]:
        # Who typed one of them alone has left the other at what is right for most.
        if typed["imap"] and not typed["smtp"]:
            _warn(findings, "smtp_host", f"{_OTHER_PAIR.format('IMAP')} With it goes", imap.of("smtp"))
        else:
            _warn(findings, "imap_host", f"{_OTHER_PAIR.format('SMTP')} With it goes", smtp.of("imap"))
    return findings


_DEFAULTS: Mapping[Protocol, str] = {"smtp": DEFAULT_SMTP_HOST, "imap": DEFAULT_IMAP_HOST}
_OTHER_PAIR = "The {} host is of another plan or data centre."


def _warn(findings: Findings, name: str, sentence: str, host: str) -> None:
    findings.warnings[name] = f"{sentence} {host}."
    findings.offers[name] = host


async def test_connection(credential: Mapping[str, Any], tell: Tell) -> None:
    """Log in once by SMTP and once by IMAP, side by side."""
    await _test(credential, tell, is_watched=True)


async def test_unwatched(credential: Mapping[str, Any], tell: Tell) -> None:
    """Log in by SMTP and, unless that was refused, by IMAP: nobody is there to be told what locked the mailbox."""
    await _test(credential, tell, is_watched=False)


async def _test(credential: Mapping[str, Any], tell: Tell, *, is_watched: bool) -> None:
    # Not at the top, as each start reads this module.
    from tui.providers.field_kinds import as_text
    from tui.providers.mail.check import IMAP, SMTP, Place, check_mailbox
    from tui.providers.mail.responses import Login

    values = {field.name: as_text(credential.get(field.name)) or field.default or "" for field in TYPES[0].fields}
    login = Login(values["email"], values["app_password"])
    places = [
        Place(of, values[f"{name}_host"], values[f"{name}_port"]) for name, of in (("smtp", SMTP), ("imap", IMAP))
    ]
    await check_mailbox(login, places, provider_for(credential), tell, is_watched=is_watched)


def provider_for(credential: Mapping[str, Any]) -> MailProvider:
    """Return Zoho with what is wrong with the hosts of a credential, which a refused login may come from."""
    findings = check_hosts(credential)
    doubts = [f"{name[:4].upper()} host: {findings.warnings[name]}" for name in findings.offers]
    return ZOHO._replace(doubt=" ".join(doubts))


TYPES = (
    IntegrationType(
        "zoho_mail",
        "Zoho Mail",
        f"Make an app password at {accounts_host(DEFAULT_IMAP_HOST)} > Security > App Passwords (with the address of "
        "your data centre: accounts.zoho.eu, .in ..., accounts.zohocloud.ca); it is shown once, and the account's own "
        "password does not work. IMAP must be on: first for the organisation by its administrator, then in the mailbox "
        "under Settings > Mail Accounts > IMAP. Paid organisations with their own domain use smtppro and imappro, "
        "everybody else smtp and imap; the ending follows the data centre.",
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
        test_unwatched=test_unwatched,
    ),
)
