"""Zoho's mail hosts: one for each protocol, plan and data centre; the wrong one refuses a password that is right."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Protocol = Literal["smtp", "imap"]


class DataCentre(NamedTuple):
    """Where the accounts of a part of the world live: what its hosts end in, and whether its mail hosts are proven."""

    domain: str
    is_proven: bool = True


# Proven by Mozilla's provider database (thunderbird/autoconfig) or many public clients; that Zoho has accounts in the
# others stands in its documentation of data centres, what their mail hosts are called does not.
CENTRES = (
    DataCentre("zoho.com"),
    DataCentre("zoho.eu"),
    DataCentre("zoho.in"),
    DataCentre("zoho.com.au"),
    DataCentre("zoho.jp"),
    DataCentre("zoho.com.cn"),
    DataCentre("zohocloud.ca"),
    DataCentre("zoho.uk", is_proven=False),
    DataCentre("zoho.ae", is_proven=False),
    DataCentre("zoho.sa", is_proven=False),
)
_DOMAINS = tuple(centre.domain for centre in CENTRES)
SMTP_HOSTS = tuple(f"{name}.{domain}" for domain in _DOMAINS for name in ("smtp", "smtppro"))
IMAP_HOSTS = tuple(f"{name}.{domain}" for domain in _DOMAINS for name in ("imap", "imappro"))
DEFAULT_SMTP_HOST = SMTP_HOSTS[0]
DEFAULT_IMAP_HOST = IMAP_HOSTS[0]

_HOST = r"(smtp|imap)(pro)?\.(zoho(?:cloud)?\.[a-z.]+)"


class MailHost(NamedTuple):
    """A host of Zoho's by what it serves: `plan` is pro for paid organisations, else empty."""

    protocol: str
    plan: str
    domain: str

    def of(self, protocol: Protocol) -> str:
        """Return the host that serves the same accounts by that protocol."""
        return f"{protocol}{self.plan}.{self.domain}"

    @property
    def is_proven(self) -> bool:
        """Whether it is known that mail is served there."""
        return any(centre.domain == self.domain and centre.is_proven for centre in CENTRES)


def mail_host(host: str) -> MailHost | None:
    """Return what a host of Zoho's serves, None for another one."""
    match = re.fullmatch(_HOST, host.strip().lower().removesuffix("."))
    return MailHost(match[1], match[2] or "", match[3]) if match else None


def host_within(text: str) -> MailHost | None:
    """Return the one of Zoho's known hosts that a text names, None where it names none."""
    match = re.search(_HOST, text.lower())
    found = mail_host(match[0].rstrip(".")) if match else None
    return found if found and found.domain in _DOMAINS else None


def accounts_host(host: str) -> str:
    """Return where the accounts of a mail host's data centre are looked after; zoho.com's for hosts not Zoho's."""
    found = mail_host(host)
    return f"accounts.{found.domain if found and found.domain in _DOMAINS else _DOMAINS[0]}"


def other_hosts(host: str) -> str:
    """Return, in a clause, which other hosts serve the accounts that `host` does not."""
    found = mail_host(host)
    if found is None:
        return "Zoho's hosts are smtp, smtppro, imap and imappro.zoho.com, with the ending of the data centre"
    protocol = found.protocol
    plan, whom = ("", "personal and free mailboxes") if found.plan else ("pro", "paid organisations")
    first, *others = [domain for domain in _DOMAINS if domain != found.domain]
    endings = [
        domain.removeprefix("zoho") if domain.startswith("zoho.") else f"{protocol}{found.plan}.{domain}"
        for domain in others
    ]
    return (
        f"{protocol}{plan}.{found.domain} serves {whom}, {protocol}{found.plan}.{first} "
        f"(or {', '.join(endings)}) the other data centres"
    )
