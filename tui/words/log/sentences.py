"""One plain sentence for each row of the audit log, whatever the row holds: what happened, with names."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from tui.words.counts import counted
from tui.words.integrations.changes import change_sentence
from tui.words.log.details import Told, enumerated, number_words, rights_in, value_words
from tui.words.log.failure_reason import failure_reason
from tui.words.log.rows import summary
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.models.log import AuditRow
    from tui.words.log.details import LogNames

    Sentence = Callable[[Told], str]
    Teller = Callable[[object], str]

LONGEST = 300
"""Characters of a sentence."""
MOST_COLUMNS = 20
DIGITS_SHOWN = 16
"""Of a SHA-256, of which the row has all."""

# Switchboard logs these when they are done; another program may write one of the same name that is not.
_OF_SUCCESS = ("credential_", "permission_", "number_", "type_", "log_sealed", "schema_changed")
_SAYS_ITS_END = "credential_versions_forgotten"
_NO_DETAILS: dict[str, Any] = {}
_UPKEEP = {"created_at", "created_by", "updated_at", "updated_by", "granted_at", "granted_by"}


def sentence(row: AuditRow, names: LogNames) -> str:
    """Return what a row says happened, as safe text of LONGEST characters at most; never raises."""
    return sentence_of(row.action, row.integration_type, row.status, row.details, names)


def sentence_of(action: str, integration_type: str, status: str, details: object, names: LogNames) -> str:
    """Return the same of a row's columns. An action that nobody here knows is told by its name and its details."""
    return teller(action, integration_type, status, names)(details)


def teller(action: str, integration_type: str, status: str, names: LogNames) -> Teller:
    """Return what makes such a sentence of details: an export has ten million rows, and few that begin otherwise."""
    told = Told(action, integration_type, status, _NO_DETAILS, names)
    words = SENTENCES.get(action, _unknown)
    says_end = status != "success" and action.startswith(_OF_SUCCESS) and action in SENTENCES
    says_end = says_end and action != _SAYS_ITS_END

    def tell(details: object) -> str:
        told.details = details if isinstance(details, dict) else _NO_DETAILS
        text = _ended(told, words(told)) if says_end else words(told)
        # Whoever keeps this keeps no row with it, which may be long.
        told.details = _NO_DETAILS
        # As safe_text would do, without the call.
        return text if len(text) <= LONGEST and text.isascii() and text.isprintable() else safe_text(text, LONGEST)

    return tell


def _unknown(told: Told) -> str:
    status = "" if told.status == "success" else f" {safe_text(told.status, 50)}"
    on = f" ({told.on})" if told.on not in ("", "none") else ""
    return _with(f"{safe_text(told.action, 100)}{status}{on}", summary(told.details or None))


def _with(text: str, more: str, between: str = ": ") -> str:
    return f"{text}{between}{more}" if more else text


def _why(told: Told) -> str:
    code, words = told.text("error_code", "code"), told.text("why", "error", "reason", "message")
    return failure_reason(code, words, is_message=bool(told.details.get("error")))


def _ended(told: Told, text: str) -> str:
    """Say of what another program does how it ended, where that is not well."""
    if told.status == "success":
        return text
    return _with(f"{text} {_end(told)}", _why(told))


def _end(told: Told) -> str:
    return safe_text(told.status, 50) or "without a status"


# What changed: of any row that a trigger logs.


def _arrow(before: Mapping[str, Any], after: Mapping[str, Any], name: str, label: str) -> str:
    return f"{label}: {value_words(before.get(name)) or 'none'} -> {value_words(after.get(name)) or 'none'}"


def _switched(after: Mapping[str, Any], name: str, is_on: str, is_off: str) -> str:
    return is_on if after.get(name) is True else is_off


def _changes(told: Told, known: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]]) -> list[str]:
    """Each column that changed in words, those that change with every write left out."""
    before, after = told.side("before"), told.side("after")
    parts = []
    for name in islice(dict.fromkeys((*after, *before)), MOST_COLUMNS):
        if name in known:
            parts.append(known[name](before, after))
        elif name not in _UPKEEP and name not in ("id", "organization_id"):
            parts.append(_arrow(before, after, name, safe_text(name, 60).replace("_", " ")))
    return [part for part in parts if part]


# Integrations.

_CREDENTIAL_COLUMNS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]] = {
    "display_name": lambda before, after: _arrow(before, after, "display_name", "display name"),
    "is_active": lambda _before, after: _switched(after, "is_active", "enabled", "disabled"),
    "is_verified": lambda _before, after: _switched(after, "is_verified", "verified", "no longer verified"),
    "last_verified_at": lambda _before, after: "" if "is_verified" in after else "verified again",
}


def _credential_changes(told: Told) -> str:
    envelope = told.side("envelope")
    parts = []
    if told.listed("fields"):
        parts.append(f"changed: {told.listed('fields')}")
    elif envelope:
        parts.append("credential changed")
    return "; ".join(filter(None, [*parts, _format_change(told), *_changes(told, _CREDENTIAL_COLUMNS)]))


def _format_change(told: Told) -> str:
    envelope = told.side("envelope")
    before, after = value_words(envelope.get("before")), value_words(envelope.get("after"))
    return "" if before == after else f"envelope: {before or 'none'} -> {after or 'none'}"


def _credential_updated(told: Told) -> str:
    if told.details.get("rotation") is True:
        return _with(f"{told.on}, encrypted again with another master key", _format_change(told), "; ")
    changes = _credential_changes(told) or "nothing important changed"
    return f"{told.on}{' ' if changes.startswith('changed: ') else ', '}{changes}"


def _credential_created(told: Told) -> str:
    return _with(f"{told.on} set up", _other_name(told, "after"), " as ")


def _credential_deleted(told: Told) -> str:
    name = _other_name(told, "before")
    return f"{told.on} deleted" + (f" ({name})" if name else "")


def _other_name(told: Told, side: str) -> str:
    """The display name, where it is not what the type is called anyway."""
    name = value_words(told.side(side).get("display_name"))
    return "" if name == told.on else name


def _switch(word: str) -> Sentence:
    def words(told: Told) -> str:
        before, after = told.side("before"), told.side("after")
        renamed = _arrow(before, after, "display_name", "display name") if "display_name" in after else ""
        return _with(f"{told.on} {word}", renamed, "; ")

    return words


def _rolled_back(told: Told) -> str:
    version = f" to version {told.count('version')}" if told.count("version") else ""
    return _with(f"{told.on} rolled back{version}", told.listed("fields"))


def _restored(told: Told) -> str:
    return _with(f"{told.on} restored", _other_name(told, "after"), " as ")


def _forgotten(told: Told) -> str:
    many = counted(told.count("versions"), "earlier version") if told.count("versions") else "earlier versions"
    return _ended(told, f"{told.on}: {many} forgotten")


def _opened(word: str) -> Sentence:
    return lambda told: _with(f"{told.on}, {word}", told.listed("fields"))


def _tested(told: Told) -> str:
    if told.status == "pending":
        return f"{told.on}: connection test started"
    if told.status == "success":
        before = told.details.get("tested_before_saving") is True or told.details.get("draft") is True
        return f"{told.on} tested: works{', before it was saved' if before else ''}"
    unknown = "the provider was not reached" if told.details.get("judgement") == "unknown" else ""
    return _with(f"{told.on} test {_end(told)}", _why(told) or unknown)


def _configured(told: Told) -> str:
    return _with(f"{told.on} configured", told.listed("fields"))


# Permissions.


def _holder(told: Told) -> str:
    return told.person(told.side("row").get("user_id"))


def _granted(told: Told) -> str:
    after = told.side("after")
    rights = enumerated(rights_in(after)) or "no right"
    terms = [f"until {told.day(after['expires_at'])}"] if after.get("expires_at") else []
    terms += [_limit(after, period) for period in ("daily", "monthly") if after.get(f"{period}_limit") is not None]
    return ", ".join([f"{_holder(told)}: {rights} on {told.on}", *terms])


def _limit(side: Mapping[str, Any], period: str) -> str:
    limit = side.get(f"{period}_limit")
    if limit is None:
        return f"no {period} limit"
    words = f"{limit:,}" if type(limit) is int and abs(limit) < 10**12 else value_words(limit)
    return f"{words} a {'day' if period == 'daily' else 'month'}"


def _permission_changed(told: Told) -> str:
    after = told.side("after")
    gained = enumerated(rights_in(after))
    lost = enumerated([right for right in rights_in(after, given=False) if told.side("before").get(f"can_{right}")])
    rights = ", ".join([f"now also {gained}"] * bool(gained) + [f"no longer {lost}"] * bool(lost))
    terms = []
    if "expires_at" in after:
        terms.append(f"until {told.day(after['expires_at'])}" if after["expires_at"] else "without expiry")
    terms += [_limit(after, period) for period in ("daily", "monthly") if f"{period}_limit" in after]
    if not rights and not terms:
        return f"{_holder(told)}: the same on {told.on}, granted again"
    return ", ".join([f"{_holder(told)}: {rights} on {told.on}" if rights else f"{_holder(told)} on {told.on}", *terms])


def _revoked(told: Told) -> str:
    rights = enumerated(rights_in(told.side("before"))) or "anything"
    cascade = ", deleted with it" if told.details.get("cascade") is True else ""
    return f"{_holder(told)}: no longer {rights} on {told.on}{cascade}"


# Phone numbers.

_NUMBER_COLUMNS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]] = {
    "display_name": lambda before, after: _arrow(before, after, "display_name", "display name"),
    "is_primary": lambda _before, after: _switched(after, "is_primary", "primary", "no longer primary"),
    "is_active": lambda _before, after: _switched(after, "is_active", "activated", "deactivated"),
    "can_call": lambda _before, after: _switched(after, "can_call", "calls allowed", "calls not allowed"),
    "can_sms": lambda _before, after: _switched(after, "can_sms", "SMS allowed", "SMS not allowed"),
    "number_type": lambda before, after: _arrow(before, after, "number_type", "type"),
    "phone_number": lambda before, after: _arrow(before, after, "phone_number", "number"),
    "integration_id": lambda _before, _after: "of another integration",
    "assigned_to_user_id": lambda _before, _after: "",
}


def _number(told: Told) -> str:
    for value in (told.side("row").get("phone_number"), told.details.get("phone_number")):
        if value:
            return number_words(value)
    return "a number"


def _assignment(told: Told) -> str:
    """Who has it now, where that changed, and who had it."""
    before, after = told.side("before"), told.side("after")
    if "assigned_to_user_id" not in after:
        return ""
    now, then = after["assigned_to_user_id"], before.get("assigned_to_user_id")
    had = f"from {told.person(then)}" if then else ""
    return f"to {told.person(now)}{', ' * bool(had)}{had}" if now else _with(had, "to the pool", " ")


def _number_added(told: Told) -> str:
    after = told.side("after")
    assignee = after.get("assigned_to_user_id")
    primary = ", primary" if after.get("is_primary") is True else ""
    return f"{_number(told)} added {f'for {told.person(assignee)}' if assignee else 'to the pool'}{primary}"


def _number_assigned(told: Told) -> str:
    others = "; ".join(_changes(told, _NUMBER_COLUMNS))
    return _with(f"{_number(told)} {_assignment(told) or 'assigned'}", others, "; ")


def _number_updated(told: Told) -> str:
    parts = [part for part in (_assignment(told), *_changes(told, _NUMBER_COLUMNS)) if part]
    return _with(_number(told), "; ".join(parts) or "nothing important changed", ", ")


def _number_deactivated(told: Told) -> str:
    if told.details.get("change") == "delete":
        return f"{_number(told)} deleted{', with its integration' if told.details.get('cascade') is True else ''}"
    return f"{_number(told)} deactivated"


def _synced(told: Told) -> str:
    if told.status == "pending":
        return f"{told.on}: sync of numbers started"
    if told.status != "success":
        return _with(f"{told.on}: numbers not synced", _why(told) or told.text("outcome"))
    kinds = (("new_numbers", "new"), ("updated_numbers", "changed"), ("deactivated_numbers", "no longer listed"))
    done = ", ".join(f"{count:,} {word}" for name, word in kinds if (count := told.count(name)))
    return f"{told.on} numbers synced: {done or 'nothing to change'}"


# The log, the keys and the schema.


def _exported(told: Told) -> str:
    file = f" to {told.text('output')}" if told.text("output") else ""
    of = f", filter {told.text('typed', 'filter')}" if told.text("typed", "filter") else ""
    if told.status == "success":
        return f"exported {counted(told.count('rows'), 'row')}{file}{of}"
    if told.status == "failed":
        return f"export{file} failed: {_why(told) or 'no reason given'}{of}"
    return f"export{file} {'started' if told.status == 'pending' else _end(told)}{of}"


def _sealed(told: Told) -> str:
    until = told.details.get("sealed_until")
    hours = counted(told.count("seals"), "hour")
    return f"sealed {counted(told.count('rows'), 'row')} of {hours}{f', until {told.day(until)}' if until else ''}"


def _rotated(told: Told) -> str:
    if not told.text("from_key", "to_key"):
        return _act("keys rotated")(told)
    many = f"{counted(told.count('credentials'), 'credential')}, {counted(told.count('versions'), 'kept version')}"
    left_out = f", {told.count('left_out'):,} left out" if told.count("left_out") else ""
    return f"master key changed, {told.text('from_key')} -> {told.text('to_key')}: {many}{left_out}"


def _retired(told: Told) -> str:
    return f"master key {told.text('key_id')} retired" if told.text("key_id") else _act("key retired")(told)


_SETTINGS = {
    "versions_kept": "versions kept of each credential",
    "versions_days": "days that versions are kept",
    "log_months": "months that the log is to be kept",
}


def _archived(told: Told) -> str:
    month = told.text("month")
    if told.count("removed"):
        return f"{counted(told.count('removed'), 'archived row')} of {month} removed from the log"
    return f"log of {month} archived, {counted(told.count('rows'), 'row')}" if month else _act("log archived")(told)


def _type(end: str) -> Sentence:
    def words(told: Told) -> str:
        digest, before = told.text("sha256")[:DIGITS_SHOWN], told.text("before")[:DIGITS_SHOWN]
        instead = f" in the place of {before}" if before else ""
        return _with(f"definition of {told.on} {end}", f"SHA-256 {digest}{instead}" if digest else "")

    return words


def _setting_changed(told: Told) -> str:
    if told.text("setting") not in _SETTINGS:
        return _act("settings changed")(told)
    return f"{_SETTINGS[told.text('setting')]}: {told.text('before')} -> {told.text('after')}"


def _change_noticed(told: Told) -> str:
    change = change_sentence(told.on, told.text("change"), told.text("number"), told.text("value"))
    return change or _act("change noticed")(told)


def _seen(side: Mapping[str, Any]) -> str:
    """What a login may see, which names no more than how many organisations."""
    organizations = side.get("organizations")
    number = len(organizations) if isinstance(organizations, list) else 0
    return "all organisations" if side.get("sees_all") is True else counted(number, "organisation")


def _access_changed(told: Told) -> str:
    before, after = told.side("before"), told.side("after")
    login, change = f"login {told.text('login')}", told.text("change")
    if change in ("appointed", "dismissed") and (after or before):
        return f"{value_words((after or before).get('label')) or 'somebody'} {change} as an administrator over HTTP"
    if not told.text("login") or change not in ("mapped", "edited", "removed"):
        return _act("access changed")(told)
    if change == "removed":
        return f"{login} removed, was {_of_login(before)}"
    if change == "mapped":
        return f"{login} is {_of_login(after)}: {value_words(after.get('role'))}, sees {_seen(after)}"
    seen = f"sees {_seen(before)} -> {_seen(after)}" if _seen(before) != _seen(after) else ""
    if not seen and before.get("organizations") != after.get("organizations"):
        seen = f"sees {_seen(after)}, others than before"
    parts = [_arrow(before, after, name, name) for name in ("role", "note") if before.get(name) != after.get(name)]
    return _with(login, "; ".join(filter(None, [*parts, seen])))


def _of_login(side: Mapping[str, Any]) -> str:
    return value_words(side.get("label")) or (
        "one that speaks for others" if side.get("speaks_for_others") else "nobody"
    )


def _schema_changed(told: Told) -> str:
    if told.text("accepted"):
        return f"accepted in the database: {told.text('accepted')}"
    number = told.text("schema_number")
    if not number:
        return _with("schema changed", summary(told.details or None))
    return f"schema set up as {number}: {told.count('made'):,} created, {told.count('changed'):,} changed"


def _act(text: str) -> Sentence:
    def words(told: Told) -> str:
        return _with(text, summary(told.details or None)) if told.status == "success" else _ended(told, text)

    return words


# What other programs do.


def _traffic(noun: str, direction: str, *about: str) -> Sentence:
    """Tell what went to somebody, or came from somebody: with whom, and the first of what there is about it."""

    other = "from" if direction == "to" else "to"
    may_have_template, may_last = "template" in about, about == ("duration",)

    def words(told: Told) -> str:
        # Nearly every row of a log is one of these, so each detail is looked at once.
        detail = told.details.get
        whom, whose = value_words(detail(direction)), direction
        if not whom:
            # Of what came in, the number it came in on.
            whom, whose = told.text(other), "on" if other == "to" else other
        text = f"{noun} {whose} {whom}" if whom else noun
        if told.status != "success":
            return _ended(told, text)
        # By its name alone, such as delivered, a template would read as how it ended.
        if may_have_template and (template := value_words(detail("template"))):
            return f"{text}: template {template}"
        if may_last:
            seconds = told.count("duration")
            return f"{text}, {seconds:,} s" if seconds else text
        return _with(text, told.text(*about))

    return words


def _fetched(told: Told) -> str:
    size = told.count("bytes")
    return _ended(told, "recording fetched") + (f", {size / 1e6:,.1f} MB" if size else "")


# An action that is not here, of a program to come, is told by its details.
SENTENCES: dict[str, Sentence] = {
    "credential_created": _credential_created,
    "credential_updated": _credential_updated,
    "credential_deleted": _credential_deleted,
    "credential_enabled": _switch("enabled"),
    "credential_disabled": _switch("disabled"),
    "credential_rolled_back": _rolled_back,
    "credential_restored": _restored,
    "credential_revealed": _opened("secret shown"),
    "credential_copied": _opened("secret copied"),
    "credential_lent": _opened("lent to a program"),
    "credential_configured": _configured,
    "connection_tested": _tested,
    "permission_granted": _granted,
    "permission_changed": _permission_changed,
    "permission_revoked": _revoked,
    "number_added": _number_added,
    "number_updated": _number_updated,
    "number_assigned": _number_assigned,
    "number_unassigned": _number_assigned,
    "number_deactivated": _number_deactivated,
    "numbers_synced": _synced,
    "log_exported": _exported,
    "log_sealed": _sealed,
    "log_archived": _archived,
    "checkpoint_made": _act("checkpoint of the log created"),
    "keys_rotated": _rotated,
    "key_retired": _retired,
    "credential_versions_forgotten": _forgotten,
    "access_changed": _access_changed,
    "change_noticed": _change_noticed,
    "type_recorded": _type("recorded"),
    "type_withdrawn": _type("no longer recorded"),
    "settings_changed": _setting_changed,
    "schema_changed": _schema_changed,
    "call_made": _traffic("call", "to", "duration"),
    "call_received": _traffic("call received", "from", "duration"),
    "recording_fetched": _fetched,
    "webhook_received": _act("webhook received"),
    "message_sent": _traffic("message", "to", "template", "type"),
    "message_received": _traffic("message received", "from", "template", "type"),
    "whatsapp_sent": _traffic("WhatsApp message", "to", "template", "type"),
    "sms_sent": _traffic("SMS", "to", "template"),
    "email_sent": _traffic("e-mail", "to", "subject"),
    "email_received": _traffic("e-mail received", "from", "subject"),
}
