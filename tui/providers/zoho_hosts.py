"""Zoho's mail hosts: one for each protocol, plan and data centre; the wrong one refuses a password that is right."""

from __future__ import annotations

import re

DATA_CENTRES = ("com", "eu", "in", "com.au", "jp", "com.cn", "sa")
SMTP_HOSTS = tuple(f"{name}.zoho.{centre}" for centre in DATA_CENTRES for name in ("smtp", "smtppro"))
IMAP_HOSTS = tuple(f"{name}.zoho.{centre}" for centre in DATA_CENTRES for name in ("imap", "imappro"))
DEFAULT_SMTP_HOST = "smtp.zoho.com"
DEFAULT_IMAP_HOST = "imap.zoho.com"

ZOHO_HOST = re.compile(r"(?:smtp|imap)(pro)?\.zoho\.(.+)")


def centre_of(host: str) -> str:
    """Return the ending of the data centre that a mail host belongs to; com for hosts that are not Zoho's."""
    match = ZOHO_HOST.fullmatch(host.lower())
    return match[2] if match and match[2] in DATA_CENTRES else "com"


def other_hosts(host: str) -> str:
    """Return, in a clause, which other hosts serve the accounts that `host` does not."""
    match = ZOHO_HOST.fullmatch(host.lower())
    if match is None:
        return "Zoho's hosts are smtp, smtppro, imap and imappro.zoho.com, with the ending of the data centre"
    protocol = host[:4].lower()
    plan, whom = ("", "personal and free mailboxes") if match[1] else ("pro", "paid organisations")
    elsewhere = [centre for centre in DATA_CENTRES if centre != match[2]]
    return (
        f"{protocol}{plan}.zoho.{match[2]} serves {whom}, {protocol}{match[1] or ''}.zoho.{elsewhere[0]} "
        f"(or {', '.join(f'.{centre}' for centre in elsewhere[1:])}) the other data centres"
    )
