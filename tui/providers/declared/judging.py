"""What an answer comes to by a definition: a yes, a no, or neither, which says nothing about the credential."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from tui.data.keys.credential_json import read_json
from tui.errors import ProviderFailed
from tui.providers.declared.templates import names_in, render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.providers.declared.definition import Condition, Get, JsonPath, Template
    from tui.providers.https_host import Response

MOST_BYTES = 256 * 1024
"""Of an answer; the parts of it that decide are within its first kilobytes."""
REFUSALS_READ = range(400, 600)
"""The statuses whose body may say what is wrong."""

_MISSING: Any = object()


class Answer:
    """A response with the JSON that is in it, which is read when it is first looked at."""

    def __init__(self, response: Response) -> None:
        self.status = response.status
        self.milliseconds = response.milliseconds
        self._body = response.body

    @cached_property
    def _read(self) -> tuple[Any, str]:
        return read_json(self._body)

    @property
    def problem(self) -> str:
        """Why there is no JSON to look at, "" where there is."""
        return self._read[1]

    def at(self, path: JsonPath, start: Any = _MISSING) -> Any:
        """Return the value at a path within the answer or within `start`; None where nothing is there."""
        value = self._at(path, start)
        return None if value is _MISSING else value

    def misfit(self, condition: Condition, values: Mapping[str, str]) -> str:
        """Return in which way it is not what a condition asks for, in words that quote nothing of it; "" where it is.

        A number of the answer is a text's equal where it is a whole one with these digits: ids come as either.
        """
        if self.status not in condition.statuses:
            return f"it answers {self.status}"
        if condition.values and self.problem:
            return f"what it answers is not to be read: {self.problem}"
        for path, wanted in condition.values.items():
            value = self._at(path)
            if value is _MISSING:
                return f"`{path}` is missing"
            if not _is_equal(value, wanted, values):
                return f"`{path}` has another value"
        return ""

    def _at(self, path: JsonPath, start: Any = _MISSING) -> Any:
        value = self._read[0] if start is _MISSING else start
        for step in path.split(".") if path else ():
            if isinstance(value, dict):
                value = value.get(step, _MISSING)
            elif isinstance(value, list) and step.isascii() and step.isdecimal() and len(step) < 7:
                value = value[int(step)] if int(step) < len(value) else _MISSING
            else:
                return _MISSING
        return value


def _is_equal(value: Any, wanted: Template | bool | int | float, values: Mapping[str, str]) -> bool:
    # True is 1 in Python, and is not in JSON.
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted
    if isinstance(wanted, str):
        # An answer without an id is not the answer to a credential without one.
        if not all(values[name] for name in names_in(wanted)):
            return False
        text = str(value) if isinstance(value, int) else value
        return isinstance(text, str) and text == render(wanted, values)
    return isinstance(value, int | float) and value == wanted


def refusal(get: Get, answer: Answer, values: Mapping[str, str], host: str, title: str) -> ProviderFailed | None:
    """Return what speaks against a yes: a no, or (`is_temporary`) what says nothing about the credential; None for yes.

    What the file calls a no comes first, so that a no inside a 200 is one; 401 and 403 are one in any case.
    """
    code = str(answer.status)
    for known in get.refusals:
        if not answer.misfit(known.condition, values):
            return ProviderFailed(known.sentence, known.what_to_do, code=code)
    if answer.status in {401, 403}:
        return ProviderFailed(
            f"{title} does not accept the credential ({code}).", "Copy it once more from where it was made.", code=code
        )
    misfit = answer.misfit(get.yes, values)
    return no_answer(answer.status, host, f"{misfit}.") if misfit or not 200 <= answer.status < 300 else None


def no_answer(status: int, host: str, misfit: str) -> ProviderFailed:
    """Return what an answer means that is neither yes nor no; `misfit` is what a sentence of its own says."""
    code, what_to_do = str(status), "Try again in a few minutes; nothing is known about the credential."
    if 300 <= status < 400:
        sentence = f"{host} answered with a redirect ({code}); redirects are not followed."
        what_to_do = "Check the host and the path of the definition."
    elif status == 429:
        sentence = f"{host} is asked too often ({code})."
    elif status >= 500:
        sentence = f"{host} could not answer just now ({code})."
    else:
        sentence = f"{host} answered, but not as the definition expects: {misfit or f'it answers {code}.'}"
        what_to_do = "Nothing is known about the credential. If it stays so, the definition has to be corrected."
    return ProviderFailed(sentence, what_to_do, code=code, is_temporary=True)
