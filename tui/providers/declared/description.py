"""What a definition declares, in words: whose it is, whom its check speaks to, what is sent there and what is a yes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tui.providers.declared.definition import HttpsCheck, MailCheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.providers.declared.definition import Condition, Definition
    from tui.providers.fields import IntegrationType

CheckState = Literal["built-in", "none", "proven", "unproven"]

_ORIGINS = {"shipped": "shipped", "root": "root's", "user": "yours"}


def origin_words(definition: Definition | None) -> str:
    """Return who declares a type, as a column says it."""
    return _ORIGINS[definition.origin] if definition else "built-in"


def check_state(type_: IntegrationType) -> CheckState:
    """Return what is known of a type's check: whether it was seen to say no."""
    if type_.definition is None:
        return "built-in"
    if type_.definition.check is None:
        return "none"
    return "proven" if type_.is_check_proven else "unproven"


def check_words(type_: IntegrationType) -> str:
    """Return what is known of a type's check, as a column says it."""
    state = check_state(type_)
    control = type_.definition.control if type_.definition else None
    return f"proven {control.date}" if state == "proven" and control else state


def hosts_of(definition: Definition) -> list[str]:
    """Return whom a check speaks to: hosts, or the fields that have them."""
    check = definition.check
    if isinstance(check, HttpsCheck):
        return [check.host or f"{{{check.host_field}}}"]
    if check is None:
        return []
    return list(dict.fromkeys(login.host for login in (check.smtp, check.imap) if login))


def check_lines(definition: Definition) -> Iterator[str]:
    """Yield a line for each thing that is asked, and for each answer that is a yes or a no."""
    check = definition.check
    if isinstance(check, MailCheck):
        for name, login in (("SMTP", check.smtp), ("IMAP", check.imap)):
            if login:
                yield f"{name} login at {login.host} port {login.port}, as {check.user} with {check.password}"
    elif check is not None:
        authorization = check.authorization
        how = {
            "basic": f"user name {authorization.user} and password {authorization.secret}",
            "bearer": f"bearer token {authorization.secret}",
            "header": f"header {authorization.header}: {authorization.secret}",
        }[authorization.scheme]
        for get in check.gets:
            yield f"GET https://{hosts_of(definition)[0]}{get.path} with {how}"
            yield f"  yes: {_condition(get.yes)}"
            for refusal in get.refusals:
                yield f"  no: {_condition(refusal.condition)}: {refusal.sentence} {refusal.what_to_do}"
    if check is not None and check.private_network:
        yield "Loopback, private and link-local addresses are allowed."


def _condition(condition: Condition) -> str:
    values = [f"{path} is {_value(value)}" for path, value in condition.values.items()]
    return ", ".join([f"status {' or '.join(map(str, condition.statuses))}", *values])


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
