"""What a definition file says once it is read: the parts of docs/types.md as values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from tui.providers.fields import Field

Origin = Literal["shipped", "root", "user"]
"""Who vouches for a file: the package, root (/etc/switchboard/types), or only the user whose folder it is in."""

Scheme = Literal["basic", "bearer", "header"]

Template = str
"""Text in which {name} stands for the value of a field; {{ and }} are braces."""

TEMPLATE_PART = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}")
"""A doubled brace, or (group 1) the name of a field. Not str.format, which would also take {name.attribute}, {name[0]}
and {name:>9999999999}."""

JsonPath = str
"""Names and places of an array with dots between, such as `data.0.status`; empty is the whole answer."""


class Authorization(NamedTuple):
    """How the secrets travel: in this header alone.

    basic: `user` and `secret`. bearer: `secret` as the token. header: `secret` in the header that `header` names.
    """

    scheme: Scheme
    secret: Template
    user: Template = ""
    header: str = ""


class Condition(NamedTuple):
    """What an answer must be: one of `statuses`, and each JSON path with its value (a text, true, false or a number).

    A path that is not there, or has another value, does not fit. A text value is a Template.
    """

    statuses: tuple[int, ...]
    values: Mapping[JsonPath, Template | bool | int | float]


class Refusal(NamedTuple):
    """What is a no, the sentence for it, and what to do. `sentence` and `what_to_do` are the file's own words."""

    condition: Condition
    sentence: str
    what_to_do: str


class Get(NamedTuple):
    """One GET: the path and query below https://HOST, what of its answers is a yes, and what is a no.

    Whatever is neither says nothing about the credential, apart from 401 and 403, which are a no in any case.
    Refusals come first, so that a no inside a 200 is one.
    """

    path: Template
    yes: Condition
    refusals: tuple[Refusal, ...] = ()


class HttpsCheck(NamedTuple):
    """One or two GETs at one host with one authorization.

    `host` is a host, or host:port, that is fixed in the file, or where it is empty `host_field` names the field that
    has it. `private_network` allows loopback, private and link-local addresses; only root's files may say so.
    """

    host: str
    host_field: str
    authorization: Authorization
    gets: tuple[Get, ...]
    private_network: bool = False


class MailLogin(NamedTuple):
    """Where one protocol of a mailbox is: templates of host and port."""

    host: Template
    port: Template


class MailCheck(NamedTuple):
    """A login by SMTP, by IMAP or by both, with one user name and password."""

    user: Template
    password: Template
    smtp: MailLogin | None
    imap: MailLogin | None
    private_network: bool = False


class Shown(NamedTuple):
    """A value worth seeing: a path within the answer to the GET of that place (from 0)."""

    label: str
    get: int
    path: JsonPath


class Numbers(NamedTuple):
    """How the account's phone numbers are listed, at the host and with the authorization of the check.

    `next_path` leads to the address (or path) of the next page, which must be of the same host; empty where there is
    one page. `list_path` leads to the array, the others start at one of its elements. What `can_call` or `can_sms` do
    not lead to is true where the path is empty, else false.
    """

    path: Template
    list_path: JsonPath
    number: JsonPath
    name: JsonPath = ""
    can_call: JsonPath = ""
    can_sms: JsonPath = ""
    next_path: JsonPath = ""


class Control(NamedTuple):
    """A negative control that a file records: its day, and the SHA-256 (hex) of the check that it was made of."""

    date: date
    check_sha256: str


class Definition(NamedTuple):
    """A file that has no mistake.

    `sha256` (hex) is that of the file without its [control], which is what an administrator records: a control that is
    written afterwards changes nothing that a credential meets. `check_sha256` is that of [check] as it was read.
    `unconfirmed` says what nobody could try with a real account; empty where all of it was.
    """

    name: str
    title: str
    help: str
    documentation: tuple[str, ...]
    unconfirmed: str
    fields: tuple[Field, ...]
    check: HttpsCheck | MailCheck | None
    show: tuple[Shown, ...]
    numbers: Numbers | None
    control: Control | None
    origin: Origin
    path: Path
    sha256: str
    check_sha256: str
    hidden: tuple[str, ...] = ()
    """Names of fields that are kept and not shown."""

    @property
    def is_proven(self) -> bool:
        """Whether the file records a control of exactly this check."""
        return self.control is not None and self.control.check_sha256 == self.check_sha256
