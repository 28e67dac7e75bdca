"""The negative control: whether a definition's check says no to a secret that was made up."""

from __future__ import annotations

import secrets
import string
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.providers.declared.check import run_check
from tui.providers.declared.definition import HttpsCheck, MailCheck
from tui.providers.declared.mailbox import check_mail, login_of
from tui.providers.declared.templates import names_in, values_of
from tui.providers.field_kinds import as_text
from tui.providers.mail.responses import Login
from tui.providers.verdicts import Report

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tui.providers.declared.definition import Definition
    from tui.providers.fields import Field
    from tui.providers.verdicts import Tell, Verdict

# What many keys begin with says what they are ("sk_live_", "EAAG"), and a provider refuses another one unasked.
_MOST_KEPT = 8
_KEPT_OF = 4
_ALPHABETS = (string.digits, "0123456789abcdef", "0123456789ABCDEF")
_CLASSES = (string.digits, string.ascii_lowercase, string.ascii_uppercase)


class ControlResult(NamedTuple):
    """What a control came to: both reports (the second None where it was not made), and in words.

    `is_proven` only where the credential got a yes and the made-up secret a clear no.
    """

    real: Report
    scrambled: Report | None
    is_proven: bool
    sentence: str
    what_to_do: str = ""


async def control(definition: Definition, credential: Mapping[str, Any]) -> ControlResult:
    """Ask once with a credential, and where that is a yes once with its secret made up.

    Where several secrets are sent, each has to be told apart: it is asked once with each of them made up alone. A
    mailbox is asked with a user name that is made up as well, so that no failed login counts against anybody.
    """
    real = await _report(partial(run_check, definition, credential))
    if not real.passed:
        reason = real.reason
        why = f" {reason.sentence}" if reason is not None else ""
        if real.says_no:
            sentence = f"The credential itself does not work, so no control was made.{why}"
            return ControlResult(real, None, False, sentence, reason.what_to_do if reason else "Correct it.")
        sentence = f"Nobody said yes to the credential, so no control was made.{why}"
        return ControlResult(real, None, False, sentence, reason.what_to_do if reason else "Try again later.")
    check = definition.check
    if isinstance(check, MailCheck):
        values = values_of(definition, scrambled(definition, credential))
        real_login = login_of(definition, check, values)
        login = Login(made_up_user(real_login.user), real_login.password)
        fake = await _report(lambda tell: check_mail(definition, check, values, tell, login=login))
        return _verdict(real, fake)
    sent = secrets_sent(definition)
    for secret in sent:
        made_up = scrambled(definition, credential, only=secret.name)
        if made_up == credential:
            break
        fake = await _report(partial(run_check, definition, made_up))
        verdict = _verdict(real, fake, of=f" ({secret.label})" if len(sent) > 1 else "")
        if not verdict.is_proven or secret is sent[-1]:
            return verdict
    sentence = "The credential has no secret, so nothing could be made up in its place."
    return ControlResult(real, None, False, sentence, 'Mark the field that is one with kind = "secret".')


def _verdict(real: Report, fake: Report, of: str = "") -> ControlResult:
    if fake.says_no:
        return ControlResult(real, fake, True, "The check says yes to the credential, and no to a made-up secret.")
    if fake.passed or not fake.failures:
        return ControlResult(
            real,
            fake,
            False,
            f"This check says yes to a made-up secret{of}, so it proves nothing.",
            "Ask for something that only the right secret brings, such as the account itself, and let `yes` name a "
            "value of the answer.",
        )
    reason = fake.reason
    return ControlResult(
        real,
        fake,
        False,
        f"A made-up secret{of} got no clear no, so the check is not proven.{f' {reason.sentence}' if reason else ''}",
        "Add a `[[check.get.no]]` for what the provider answers to a wrong secret, or try again later.",
    )


def secrets_sent(definition: Definition) -> list[Field]:
    """Return the secrets that a check sends."""
    authorization = definition.check.authorization if isinstance(definition.check, HttpsCheck) else None
    names = names_in(authorization.user + authorization.secret) if authorization else ()
    return [field for field in definition.fields if field.secret and field.name in names]


def scrambled(definition: Definition, credential: Mapping[str, Any], *, only: str = "") -> dict[str, Any]:
    """Return the credential with another text in place of each secret, or of one `only`; all else, as ids, stays."""
    made_up = {field.name for field in definition.fields if field.secret and only in ("", field.name)}
    return {
        name: scramble(as_text(value)) if name in made_up and value else value for name, value in credential.items()
    }


def scramble(secret: str) -> str:
    """Return another text of the same length, with digits and small and capital letters where they were.

    A quarter at the beginning, of eight characters at most, stays as it is, and so do signs between letters.
    """
    kept = min(len(secret) // _KEPT_OF, _MOST_KEPT)
    rest = secret[kept:]
    letters = set(rest) & set(string.digits + string.ascii_letters)
    if not letters:
        return secret[:kept] + "".join(secrets.choice(string.ascii_letters) for _ in rest)
    alphabet = next((known for known in _ALPHABETS if letters <= set(known)), "")
    made_up = rest
    while made_up == rest:
        made_up = "".join(_another(character, alphabet) for character in rest)
    return secret[:kept] + made_up


def made_up_user(user: str) -> str:
    """Return a user name that nobody has, of the same domain where it has one."""
    _, at, domain = user.rpartition("@")
    return f"switchboard-control-{secrets.token_hex(8)}{at}{domain if at else ''}"


def _another(character: str, alphabet: str) -> str:
    for known in (alphabet, *_CLASSES):
        if character in known:
            return secrets.choice(known)
    return character


async def _report(test: Callable[[Tell], Awaitable[None]]) -> Report:
    verdicts: list[Verdict] = []
    started = time.monotonic()
    await test(verdicts.append)
    return Report(tuple(verdicts), round((time.monotonic() - started) * 1000))
