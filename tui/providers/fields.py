"""What an integration type is made of: its fields with their help, and what it checks across them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.providers.declared.definition import Definition
    from tui.providers.observations import Observe
    from tui.providers.verdicts import ConnectionTest, NumberListing

Kind = Literal[
    "text",
    "word",
    "phone",
    "sender",
    "e164",
    "email",
    "host",
    "host_port",
    "port",
    "number",
    "yes_no",
    "multiline",
    "choice",
]
"""How a value is read and stored.

text: one line. word: one line in which a blank is suspicious (keys, passwords). multiline: several lines.
phone: a number, stored as typed. sender: the same, or an alphanumeric sender. e164: a number, stored as E.164.
host_port: a host, or host:port. port, number: stored as an integer. yes_no: stored as true or false.
choice: one of `choices`, nothing else.
"""


class Field(NamedTuple):
    """One field of a credential.

    `default` is what applies where the field is absent; it is shown, and stored only when typed. For host, host_port
    and port `choices` are the known values: others are accepted with a warning. `max_length` is in characters.
    `pattern` is a regular expression of RE2 that the whole value has to match; empty for any.
    """

    name: str
    label: str
    kind: Kind
    help: str
    example: str = ""
    required: bool = False
    secret: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    max_length: int = 255
    pattern: str = ""

    @property
    def stored_as_typed(self) -> bool:
        """Whether E.164 is shown beside the stored text, which the other program sends as it is."""
        return self.kind in {"phone", "sender"}

    @property
    def is_own_number(self) -> bool:
        """Whether it is the number that the integration works with, and not one that it may show in its place."""
        return self.required and self.kind in {"phone", "sender", "e164"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Findings:
    """What is wrong (problems) and what is doubtful (warnings), one sentence each by field name.

    `offers` are texts that were probably meant instead, and no secrets.
    """

    problems: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    offers: dict[str, str] = field(default_factory=dict)


def nothing_to_find(credential: Mapping[str, Any]) -> Findings:
    """The check of a type whose fields do not depend on one another."""
    return Findings()


class IntegrationType(NamedTuple):
    """A value that integration_credentials.integration_type may have, and all that the program knows about it.

    `help` says where to find the values. `foreign_fields` are those of other programs that are neither shown nor warned
    about. `check` looks across the fields of a credential; it never quotes a secret, and meets any JSON value.
    `test` asks the provider; None where nothing can be asked. `test_unwatched`, where it is given, does so for a check
    that runs by itself, and ends with the first login that is refused. `list_numbers` lists the phone numbers of the
    account behind the credential, None where the provider has none. `observe` reads what the provider tells beside yes
    and no, None where there is nothing. `refused_again_after_h` is how many hours lie between a refusal and the next
    time that a check asks by itself; None is never, where failed logins lock accounts. `definition` is the file that
    declares the type; None where it is built in.
    """

    name: str
    title: str
    help: str
    fields: tuple[Field, ...]
    foreign_fields: tuple[str, ...] = ()
    check: Callable[[Mapping[str, Any]], Findings] = nothing_to_find
    test: ConnectionTest | None = None
    test_unwatched: ConnectionTest | None = None
    list_numbers: NumberListing | None = None
    observe: Observe | None = None
    refused_again_after_h: int | None = None
    definition: Definition | None = None

    @property
    def is_check_proven(self) -> bool:
        """Whether its check was seen to say no; those of built-in types are tested with the program."""
        return self.definition is None or self.definition.is_proven

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)
