"""Reads [check] of a definition file, and what goes with it: [[show]] and [numbers]."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.providers.declared.definition import (
    TEMPLATE_PART,
    Authorization,
    Condition,
    Get,
    HttpsCheck,
    MailCheck,
    MailLogin,
    Numbers,
    Refusal,
    Shown,
)
from tui.providers.declared.tables import quoted, text_problem

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from tui.providers.declared.definition import Origin
    from tui.providers.declared.fields import ReadFields
    from tui.providers.declared.lines import KeyPath
    from tui.providers.declared.tables import Table

MOST_GETS = 2
MOST_REFUSALS = 20
MOST_SHOWN = 10
MOST_CONDITIONS = 20
TEMPLATE_MOST = 500
SENTENCE_MOST = 300
JSON_PATH_MOST = 200

_HOST = re.compile(
    r"(?=.{1,253}(?::|\Z))(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?(:[0-9]{1,5})?"
)
_PATH = re.compile(r"/(?!/)[!$%&'()*+,./0-9:;=?@A-Z\[\]_a-z{}~-]*")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,59}")
# They say how a request is carried, or where it goes.
_NO_AUTHORIZATION = frozenset(
    {
        *("host", "connection", "content-length", "content-type", "transfer-encoding", "te", "upgrade", "trailer"),
        *("accept-encoding", "expect", "cookie", "proxy-authorization", "user-agent"),
    }
)
_FIELD_ALONE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def read_check(top: Table, fields: ReadFields, origin: Origin) -> HttpsCheck | MailCheck | None:
    """Read [check]; None where there is none, or where it has no kind."""
    table = top.table("check", "[check]")
    if table is None:
        return None
    templates = _Templates(fields)
    private_network = table.yes_no("private_network")
    if private_network and origin != "root":
        table.note("private_network", "is open to files of root in /etc/switchboard/types alone; leave it out.")
    smtp, imap = (_mail_login(table.table(name, f"[check.{name}]"), templates) for name in ("smtp", "imap"))
    if "smtp" in table or "imap" in table:
        user = templates.read(table, "user", required=True)
        password = templates.read(table, "secret", required=True, holds_secret=True)
        table.end()
        return MailCheck(user, password, smtp, imap, private_network)
    host, host_field = _host(table, fields)
    authorization = _authorization(table, templates)
    gets = tuple(_get(each, templates) for each in table.tables("get", "[[check.get]]", MOST_GETS, required=True))
    table.end()
    return HttpsCheck(host, host_field, authorization, gets, private_network)


def read_shown(top: Table, check: HttpsCheck | MailCheck | None) -> tuple[Shown, ...]:
    """Read the values worth seeing."""
    tables = top.tables("show", "[[show]]", MOST_SHOWN)
    if tables and not isinstance(check, HttpsCheck):
        top.notes.add(("show",), "[[show]] needs a [check] with [[check.get]], whose answers it shows.")
        return ()
    shown: list[Shown] = []
    gets = len(check.gets) if isinstance(check, HttpsCheck) else 0
    for table in tables:
        label = table.text("label", 30, required=True)
        if label and any(other.label == label for other in shown):
            table.note("label", f"is that of an earlier [[show]], {quoted(label)}; each has its own.")
        get = table.number("get", 1, max(gets, 1), default=1) - 1
        shown.append(Shown(label, get, _json_path(table, "path", required=True)))
        table.end()
    return tuple(shown)


def read_numbers(top: Table, fields: ReadFields, check: HttpsCheck | MailCheck | None) -> Numbers | None:
    """Read how phone numbers are listed; None where they are not."""
    table = top.table("numbers", "[numbers]")
    if table is None:
        return None
    if not isinstance(check, HttpsCheck):
        top.notes.add(("numbers",), "[numbers] needs a [check] with [[check.get]]: the host and the keys are its.")
        return None
    numbers = Numbers(
        _path(table, _Templates(fields)),
        _json_path(table, "list"),
        _json_path(table, "number", required=True),
        *(_json_path(table, key) for key in ("name", "can_call", "can_sms", "next")),
    )
    table.end()
    return numbers


class _Templates:
    """Reads texts with names of fields in them."""

    def __init__(self, fields: ReadFields) -> None:
        self.fields = fields

    def read(self, table: Table, key: str, *, required: bool = False, holds_secret: bool = False) -> str:
        """Return a template in which secrets may stand; with `holds_secret` at least one has to."""
        text = table.text(key, TEMPLATE_MOST, required=required, such_as='"{api_token}"' if holds_secret else "")
        problem = text and self.problem(text, may_hold_secrets=True, holds_secret=holds_secret)
        if problem:
            table.note(key, problem)
        return text

    def problem(self, text: str, *, may_hold_secrets: bool = False, holds_secret: bool = False) -> str:
        """Return what is wrong with a template, behind its key; empty where nothing is."""
        names = [match[1] for match in TEMPLATE_PART.finditer(text) if match[1]]
        if not {"{", "}"}.isdisjoint(TEMPLATE_PART.sub("", text)):
            return "has a brace that is neither doubled ({{) nor round the name of a field ({account_id})."
        if not self.fields.unread.isdisjoint(names):
            # What is wrong is said where the field is.
            return ""
        for name in names:
            field = self.fields.named(name)
            if field is None:
                hidden = name in self.fields.hidden
                return f"names {quoted(name)}, which is {'a hidden field' if hidden else 'no field of this file'}."
            if field.secret and not may_hold_secrets:
                return f"holds the secret {name}; a secret stands in user and secret of [check] alone."
            if not field.required and field.default is None:
                return f"names {name}, which may be blank: make the field required, or give it a default."
        secrets = [name for name in names if (field := self.fields.named(name)) and field.secret]
        return (
            "names no field of kind secret, so the check would prove nothing." if holds_secret and not secrets else ""
        )


def _host(table: Table, fields: ReadFields) -> tuple[str, str]:
    host, host_field = table.text("host", 260), table.text("host_field", 50)
    if ("host" in table) == ("host_field" in table):
        both = "host and host_field are both there" if "host" in table else "host is missing in [check]"
        table.notes.add(table.at, f'{both}: either host = "api.example.com", or host_field names a field of kind host.')
    if host and not is_full_host(host):
        table.note(
            "host",
            f"is a full host name in small letters, such as api.example.com or api.example.com:8443; there is "
            f"{quoted(host)}.",
        )
    if host_field:
        field = fields.named(host_field)
        if field is None or field.kind not in ("host", "host_port"):
            table.note("host_field", f"is the name of a field of kind host or host_port; {quoted(host_field)} is none.")
        elif not field.required and field.default is None:
            table.note("host_field", f"names {host_field}, which may be blank: make it required, or give it a default.")
    return host, host_field


def is_full_host(text: str) -> bool:
    """Whether a text is the whole name of a host, and no address; it may have a port."""
    match = _HOST.fullmatch(text)
    return match is not None and (match[1] is None or _is_port(match[1][1:]))


def _is_port(text: str) -> bool:
    return re.fullmatch("[1-9][0-9]{0,4}", text) is not None and int(text) < 65536


def _authorization(table: Table, templates: _Templates) -> Authorization:
    scheme: Any = table.word("auth", ("basic", "bearer", "header"))
    user = templates.read(table, "user", required=scheme == "basic")
    header = table.text("header", 60, required=scheme == "header", such_as="X-Api-Key")
    if user and scheme in ("bearer", "header"):
        table.note("user", f'goes with auth = "basic"; leave it out, or change auth from "{scheme}".')
    if header and scheme in ("basic", "bearer"):
        table.note("header", f'goes with auth = "header"; leave it out, or change auth from "{scheme}".')
    if header and (not _HEADER.fullmatch(header) or header.lower() in _NO_AUTHORIZATION):
        table.note("header", f"is the name of a header for a key, such as X-Api-Key; there is {quoted(header)}.")
    return Authorization(
        scheme or "bearer", templates.read(table, "secret", required=True, holds_secret=True), user, header
    )


def _get(table: Table, templates: _Templates) -> Get:
    path = _path(table, templates)
    yes = table.table("yes", "yes = { status = 200 }")
    if yes is None and "yes" not in table:
        table.notes.add(
            table.at, "yes is missing in [[check.get]]: what an answer has to be, such as { status = 200 }."
        )
    condition = _condition(yes, templates, range(200, 300)) if yes else Condition((), {})
    if yes:
        yes.end()
    refusals = []
    for each in table.tables("no", "[[check.get.no]]", MOST_REFUSALS):
        refused = _condition(each, templates, range(200, 600))
        sentence = each.text("sentence", SENTENCE_MOST, required=True)
        refusals.append(Refusal(refused, sentence, each.text("what_to_do", SENTENCE_MOST, required=True)))
        each.end()
    table.end()
    return Get(path, condition, tuple(refusals))


def _path(table: Table, templates: _Templates) -> str:
    path = table.text("path", TEMPLATE_MOST, required=True, such_as="/v1/account")
    if path:
        problem = templates.problem(path)
        if problem:
            table.note("path", problem)
        elif not _PATH.fullmatch(path) or {".", ".."} & set(re.split(r"[/?]", path)):
            table.note(
                "path", "begins with one / and has neither blanks, # nor segments of dots: what follows the host."
            )
    return path


def _condition(table: Table, templates: _Templates, allowed: Collection[int]) -> Condition:
    """Read status and values of a table that may have other keys."""
    statuses = table.value("status")
    numbers = statuses if isinstance(statuses, list) else [statuses]
    first, last = min(allowed), max(allowed)
    if not numbers or len(numbers) > 20 or not all(type(number) is int and number in allowed for number in numbers):
        table.notes.add(
            (*table.at, "status"), f"status is a number from {first} to {last}, or an array of such: [200, 201]."
        )
        numbers = []
    values: dict[str, str | bool | int | float] = {}
    wanted = table.table("values", "values = { }")
    for path, value in wanted.all() if wanted else ():
        at: KeyPath = (*table.at, "values", path)
        problem = _value_problem(value, templates) or _json_path_problem(path)
        if problem:
            table.notes.add(at, f"{quoted(path)} {problem}")
        elif len(values) == MOST_CONDITIONS:
            table.notes.add(at, f"values has at most {MOST_CONDITIONS} paths.")
            break
        else:
            values[path] = value
    return Condition(tuple(numbers), values)


def _value_problem(value: Any, templates: _Templates) -> str:
    if isinstance(value, dict):
        return 'is read as a table: write a path with dots in quotes, such as "account.status" = "active".'
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        # Neither NaN nor an infinity is less.
        return "" if abs(value) < 2**53 else "has a number that is none in JSON, or has more than 15 digits."
    if not isinstance(value, str):
        return "is a text, true, false or a number."
    return text_problem(value, TEMPLATE_MOST) or templates.problem(value)


def _json_path(table: Table, key: str, *, required: bool = False) -> str:
    path = table.text(key, JSON_PATH_MOST, required=required, such_as="data.0.status")
    problem = path and _json_path_problem(path)
    if problem:
        table.note(key, problem)
    return path


def _json_path_problem(path: str) -> str:
    if text_problem(path, JSON_PATH_MOST) or "" in path.split(".") or len(path.split(".")) > 20:
        return "has names and places of an array with dots between, such as data.0.status: at most 20, and none empty."
    return ""


def _mail_login(table: Table | None, templates: _Templates) -> MailLogin | None:
    if table is None:
        return None
    host = table.text("host", 260, required=True, such_as='"{smtp_host}" or smtp.example.com')
    port = table.text_or(int, "port", 60)
    if "port" not in table:
        table.notes.add(table.at, 'port is missing: a number such as 587, or "{smtp_port}".')
    for key, text, kind in (("host", host, "host"), ("port", port, "port")):
        alone = _FIELD_ALONE.fullmatch(text)
        field = templates.fields.named(alone[1]) if alone else None
        problem = templates.problem(text) if text else ""
        if not problem and field and field.kind != kind:
            problem = f"names {field.name}, which is no field of kind {kind}."
        is_fixed = is_full_host(text) and ":" not in text if kind == "host" else _is_port(text)
        if not problem and text and not field and not is_fixed:
            problem = f"is a field of kind {kind} in braces, or a {'full host name' if kind == 'host' else 'number'}."
        if problem:
            table.note(key, problem)
    table.end()
    return MailLogin(host, port)
