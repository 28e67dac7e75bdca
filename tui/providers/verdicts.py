"""What a connection test says: a verdict for each level and subject, and the report they add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tui.models.numbers import ListedNumber

Level = Literal["shape", "reach", "answer"]
"""shape: the fields are complete and well formed. reach: the name resolves and TLS is verified.
answer: what the provider said to the credential."""

LEVELS: tuple[Level, ...] = ("shape", "reach", "answer")

Outcome = Literal["passed", "failed", "doubtful"]
"""doubtful: nothing speaks against the connection, but something stays unproven or looks wrong."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one level of a test found out about one subject, such as "account", "number", "SMTP" or "IMAP".

    `sentence` and `what_to_do` never hold a secret or the provider's own text unfiltered. `code` is the provider's
    code ("401", "535", "AUTHENTICATIONFAILED"), empty where none was given. `is_temporary` marks a failure or a
    doubt that says nothing about the credential and leaves it unproven: too many connections, a broken answer.
    """

    level: Level
    subject: str
    outcome: Outcome
    sentence: str
    what_to_do: str = ""
    milliseconds: int | None = None
    code: str = ""
    is_temporary: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """All verdicts of one test, in the order they were given, and the whole time it took in milliseconds."""

    verdicts: tuple[Verdict, ...]
    milliseconds: int

    @property
    def passed(self) -> bool:
        """Whether the provider said yes, nothing failed, and nothing was left out that it could say another time."""
        answered = any(verdict.level == "answer" and verdict.outcome == "passed" for verdict in self.verdicts)
        postponed = any(verdict.outcome == "doubtful" and verdict.is_temporary for verdict in self.verdicts)
        return answered and not self.failures and not postponed

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """The verdicts that say no."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome == "failed")

    @property
    def says_no(self) -> bool:
        """Whether a failure speaks against the credential itself: not one to reach the provider, nor a passing one."""
        return any(failure.level != "reach" and not failure.is_temporary for failure in self.failures)

    @property
    def reason(self) -> Verdict | None:
        """Why it did not pass: the first failure, else the first doubt; None where it passed."""
        if self.passed:
            return None
        return next(iter(self.failures), None) or next(
            (verdict for verdict in self.verdicts if verdict.outcome == "doubtful"), None
        )

    @property
    def level(self) -> Level | None:
        """The highest level that some verdict passed."""
        passed = {verdict.level for verdict in self.verdicts if verdict.outcome == "passed"}
        return next((level for level in reversed(LEVELS) if level in passed), None)

    @property
    def code(self) -> str:
        """The provider's code of the first failure, else of the last verdict that has one."""
        coded = [failure.code for failure in self.failures if failure.code] or [
            verdict.code for verdict in self.verdicts if verdict.code
        ][-1:]
        return coded[0] if coded else ""


if TYPE_CHECKING:
    Tell = Callable[[Verdict], None]
    """Called with each verdict as soon as it is known."""

    ConnectionTest = Callable[[Mapping[str, Any], Tell], Awaitable[None]]
    """Tests reach and answer of a credential whose shape is known to be good, telling each verdict.

    Read-only towards the provider; cancelling it ends it at once. It raises nothing that a provider can cause."""

    NumberListing = Callable[[Mapping[str, Any], Callable[[int], None]], Awaitable[list[ListedNumber]]]
    """Lists the numbers of the account, telling after each page how many there are so far.

    Raises ProviderFailed with a sentence and what to do."""
