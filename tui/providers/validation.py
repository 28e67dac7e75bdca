"""Makes the credential that is stored of what a form or a command gives, and says what is wrong or doubtful."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tui.providers.field_kinds import Reading, as_text, host_and_port, read
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.providers.fields import Field, IntegrationType

DISPLAY_NAME_MOST = 255
"""Characters that integration_credentials.display_name holds."""
_HOST_SHOWN_MOST = 80


@dataclass(frozen=True, slots=True)
class Validation:
    """The outcome: `credential` may be stored where there are no `problems`.

    Sentences are by field name and quote no value but a host. `offers` are texts that were probably meant instead; they
    and the credential hold secrets, so neither shows in a repr.
    """

    credential: dict[str, Any] = field(repr=False)
    problems: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    offers: dict[str, str] = field(default_factory=dict, repr=False)


def validate(
    integration_type: IntegrationType, values: Mapping[str, Any], *, existing: Mapping[str, Any] | None = None
) -> Validation:
    """Merge `values` (a form's texts, or JSON) into the `existing` credential and check the whole.

    A field that is not given stays as it is. A given blank keeps a stored secret and removes anything else; null
    removes a secret too. A field given exactly as it is stored stays so, type included, and what would be a problem
    in a new value is a warning. Unknown fields are kept, given or stored. Where a host is another than the stored one,
    a stored secret that is not given again is a problem: whoever may not see it could have it sent to a host of theirs.
    """
    stored = {} if existing is None else existing
    result = Validation(dict(stored))
    for field_ in integration_type.fields:
        name = field_.name
        if name in values:
            _take(field_, values[name], stored, result)
        if field_.required and name not in result.problems and as_text(result.credential.get(name)) == "":
            such_as = "" if field_.secret or not field_.example else f", such as {field_.example}"
            result.problems[name] = f"It is required{such_as}."
    for name, value in values.items():
        if integration_type.field(name) is None:
            result.credential[name] = value
            if name not in integration_type.foreign_fields and name not in stored:
                result.warnings[name] = _unknown(integration_type, name)
    _keep_secrets_from_other_hosts(integration_type, values, stored, result)
    findings = integration_type.check(result.credential)
    for name, sentence in findings.problems.items():
        result.problems.setdefault(name, sentence)
    for name, sentence in findings.warnings.items():
        _warn(result, name, sentence)
    # What was probably meant may be wrong in its turn: a portal, pasted with its https:// and its path.
    meant = integration_type.check({**result.credential, **result.offers}) if result.offers else findings
    for name, text in findings.offers.items():
        result.offers.setdefault(name, text)
    result.offers.update({name: meant.offers.get(name, text) for name, text in result.offers.items()})
    return result


def read_display_name(given: Any) -> tuple[str | None, str | None]:
    """Return the name of an integration as it is stored, None for a blank one, and what is wrong with it."""
    if given is None:
        return None, None
    if not isinstance(given, str):
        return None, "A text, not another kind of JSON."
    name = given.strip()
    if len(name) > DISPLAY_NAME_MOST:
        return None, f"At most {DISPLAY_NAME_MOST} characters; there are {len(name)}."
    if re.search("[\0\ud800-\udfff]", name):
        return None, "It contains an invalid character (U+0000, or half of a pair)."
    return name or None, None


def form_values(integration_type: IntegrationType, credential: Mapping[str, Any]) -> dict[str, str]:
    """Return the text that a form starts with for every field: secrets are blank, blank keeps them."""
    return {
        field.name: "" if field.secret else as_text(credential.get(field.name)) for field in integration_type.fields
    }


def changed_hosts(
    integration_type: IntegrationType, credential: Mapping[str, Any], stored: Mapping[str, Any]
) -> list[Field]:
    """Return the fields whose host is another than the stored one: a port makes it another, its spelling does not."""
    return [
        field
        for field in integration_type.fields
        if field.kind in ("host", "host_port")
        and _host_of(field, credential)
        and _host_of(field, credential) != _host_of(field, stored)
    ]


def _host_of(field: Field, credential: Mapping[str, Any]) -> str:
    text = as_text(credential.get(field.name)).strip() or field.default or ""
    named = host_and_port(text)
    if named is None:
        return text
    host, port = named
    # 443 is where https is spoken anyway.
    return host if port in (None, 443) else f"{host}:{port}"


def _keep_secrets_from_other_hosts(
    integration_type: IntegrationType, values: Mapping[str, Any], stored: Mapping[str, Any], result: Validation
) -> None:
    changed = changed_hosts(integration_type, result.credential, stored)
    if not changed:
        return
    before, after = (
        " and ".join(dict.fromkeys(safe_text(_host_of(host, side), _HOST_SHOWN_MOST) or "no host" for host in changed))
        for side in (stored, result.credential)
    )
    for secret in integration_type.fields:
        is_kept = as_text(stored.get(secret.name)) != "" and secret.name in result.credential
        if secret.secret and is_kept and read(secret, values.get(secret.name)) == Reading():
            sentence = f"It was stored for {before}; type it again, so that it is not sent to {after} unseen."
            result.problems.setdefault(secret.name, sentence)


def _take(field: Field, value: Any, stored: Mapping[str, Any], result: Validation) -> None:
    reading = read(field, value)
    has_stored = field.name in stored
    if has_stored and _is_stored(value, stored[field.name]):
        if reading.problem:
            _warn(result, field.name, f"It stays as it is stored; expected: {reading.problem}")
        for sentence in reading.warnings:
            _warn(result, field.name, sentence)
    elif reading.problem:
        result.problems[field.name] = reading.problem
    elif reading.value is not None:
        result.credential[field.name] = reading.value
        for sentence in reading.warnings:
            _warn(result, field.name, sentence)
    elif not (field.secret and has_stored and value is not None):
        result.credential.pop(field.name, None)
    if reading.offer is not None:
        result.offers[field.name] = reading.offer


def _is_stored(value: Any, stored: Any) -> bool:
    """Whether a form gave back what it was filled with, or a command the very JSON value."""
    if isinstance(value, str):
        return value == as_text(stored)
    return type(value) is type(stored) and bool(value == stored)


def _warn(result: Validation, name: str, sentence: str) -> None:
    before = result.warnings.get(name)
    result.warnings[name] = f"{before} {sentence}" if before else sentence


def _unknown(integration_type: IntegrationType, name: str) -> str:
    import difflib

    nearest = difflib.get_close_matches(name.lower()[:50], [field.name for field in integration_type.fields], n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    return f"{integration_type.title} has no field of this name; it is kept as it is.{hint}"
