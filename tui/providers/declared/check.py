"""The connection test of a declared type, and the values that its definition shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.errors import ProviderFailed
from tui.providers.declared.asking import ask_get, open_host, secret_texts
from tui.providers.declared.definition import HttpsCheck
from tui.providers.declared.mailbox import check_mail
from tui.providers.declared.templates import values_of
from tui.providers.https_host import SECONDS
from tui.providers.observations import Observation, Reading, Unread
from tui.providers.verdicts import Verdict
from tui.words.integrations.seen_checks import SHOWN
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.providers.declared.definition import Definition
    from tui.providers.declared.judging import Answer
    from tui.providers.verdicts import Tell

LONGEST_SHOWN = 200


async def run_check(
    definition: Definition,
    credential: Mapping[str, Any],
    tell: Tell,
    *,
    is_watched: bool = True,
    seconds: float = SECONDS,
) -> None:
    """Test a credential with the check of its definition; without one nothing is asked.

    Where it is not watched by somebody, no second login of a mailbox follows a refused one. `seconds` is for reaching
    the host and for each answer.
    """
    values = values_of(definition, credential)
    if isinstance(definition.check, HttpsCheck):
        await _check_https(definition, definition.check, values, tell, seconds)
    elif definition.check is not None:
        await check_mail(definition, definition.check, values, tell, is_watched=is_watched, seconds=seconds)


async def read_shown(
    definition: Definition,
    credential: Mapping[str, Any],
    take: Callable[[Observation], None],
    *,
    seconds: float = SECONDS,
) -> Reading:
    """Read the values that a definition shows; `take` gets each as soon as it is known."""
    values = values_of(definition, credential)
    observations: list[Observation] = []
    unread: list[Unread] = []
    calls = 0
    check = definition.check
    if not isinstance(check, HttpsCheck):
        return Reading((), (), calls)
    secrets = secret_texts(definition, check, values)
    async with open_host(definition, check, values, seconds) as host:
        for place in sorted({shown.get for shown in definition.show}):
            calls += 1
            try:
                answer, failed = await ask_get(host, definition, check.gets[place], values)
                if failed is not None:
                    raise failed
            except ProviderFailed as why:
                unread += [Unread(shown.label, why) for shown in definition.show if shown.get == place]
                continue
            for shown in definition.show:
                if shown.get == place:
                    value = _shown_value(answer, shown.path)
                    if value is not None and any(secret in value for secret in secrets):
                        # What is observed is stored as it is, and seen by people who may see no secret.
                        unread.append(Unread(shown.label, _tells_secret(shown.path)))
                        continue
                    value = None if value is None else safe_text(value, LONGEST_SHOWN)
                    observation = Observation(SHOWN + shown.label, value)
                    observations.append(observation)
                    take(observation)
    return Reading(tuple(observations), tuple(unread), calls)


def _shown_value(answer: Answer, path: str) -> str | None:
    """A text, number, yes or no as the provider gives it; None where there is none of these."""
    value = answer.at(path)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, str | int | float) else None


def _tells_secret(path: str) -> ProviderFailed:
    return ProviderFailed(f"`{path}` holds a secret of the credential, so it is not kept.", "Show another value.")


async def _check_https(
    definition: Definition, check: HttpsCheck, values: Mapping[str, str], tell: Tell, seconds: float
) -> None:
    try:
        async with open_host(definition, check, values, seconds) as host:
            milliseconds = await host.reach()
            tell(
                Verdict(
                    "reach", "host", "passed", f"{host.place} answers, and its certificate is valid.", "", milliseconds
                )
            )
            for n, get in enumerate(check.gets, 1):
                subject = "account" if len(check.gets) == 1 else f"question {n}"
                try:
                    answer, failed = await ask_get(host, definition, get, values)
                except ProviderFailed as broken:
                    # Whoever was reached and then fell silent has said nothing about the credential.
                    tell(_failed(subject, broken, is_temporary=True))
                    return
                if failed is not None:
                    tell(_failed(subject, failed, answer.milliseconds, is_temporary=failed.is_temporary))
                    return
                sentence = f"{definition.title} answers as the definition expects of a yes."
                tell(Verdict("answer", subject, "passed", sentence, "", answer.milliseconds, str(answer.status)))
    except ProviderFailed as failed:
        tell(Verdict("reach", "host", "failed", failed.sentence, failed.what_to_do))


def _failed(subject: str, failed: ProviderFailed, milliseconds: int | None = None, *, is_temporary: bool) -> Verdict:
    return Verdict(
        "answer",
        subject,
        "failed",
        failed.sentence,
        failed.what_to_do,
        milliseconds,
        failed.code,
        is_temporary=is_temporary,
    )
