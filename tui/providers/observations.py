"""What a provider tells of an integration beside yes and no: each fact by its name, with its unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any, Protocol

    from tui.errors import ProviderFailed


class ObservationKind(NamedTuple):
    """A fact that is kept: of the whole integration or of each number, in which unit, and who says that it exists.

    What is not documented is shown, and no verdict rests on it.
    """

    name: str
    subject: Literal["integration", "number"]
    unit: str
    is_documented: bool = True


KINDS = (
    ObservationKind("balance", "integration", "a decimal number in `currency`"),
    ObservationKind("currency", "integration", "three letters of ISO 4217"),
    ObservationKind("billing_type", "integration", "Exotel's word, such as prepaid", is_documented=False),
    ObservationKind("kyc_status", "integration", "Exotel's word; completed, or Indian numbers are blocked", False),
    ObservationKind("number_call_flow", "number", "the id of the flow, none, or other (an address without an id)"),
    ObservationKind("number_incoming", "number", "Exotel's word: active or major_outage"),
    ObservationKind("number_incoming_checked_at", "number", "a time in UTC (ISO 8601), when Exotel looked"),
    ObservationKind("number_incoming_alternate", "number", "E.164, what to use instead; empty where there is none"),
    ObservationKind("number_outgoing", "number", "Exotel's word: active or major_outage"),
    ObservationKind("number_outgoing_checked_at", "number", "a time in UTC (ISO 8601), when Exotel looked"),
    ObservationKind("number_outgoing_alternate", "number", "E.164, what to use instead; empty where there is none"),
    ObservationKind("templates_approved", "integration", "a count", is_documented=False),
    ObservationKind("templates_pending", "integration", "a count", is_documented=False),
    ObservationKind("templates_rejected", "integration", "a count", is_documented=False),
    ObservationKind("templates_paused", "integration", "a count", is_documented=False),
    ObservationKind("templates_disabled", "integration", "a count", is_documented=False),
    ObservationKind("templates_other", "integration", "a count of the other states", is_documented=False),
    ObservationKind("templates_rejected_reasons", "integration", "lines of `name: reason`", is_documented=False),
)


class Observation(NamedTuple):
    """One fact as it was just read: the name of a kind, its value as text, and the number (E.164) it is about.

    The value is None where the number is no longer listed, so that what was read of it before is no more.
    """

    name: str
    value: str | None
    number: str | None = None


class Unread(NamedTuple):
    """What was not asked for, or not answered: one of account, balance, numbers, health and templates, and why.

    `numbers` are those whose health is not known; the rest of them was not even asked where `why` is a limit.
    """

    what: str
    why: ProviderFailed
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """All facts of one reading in their order, what is missing, and how many requests it took."""

    observations: tuple[Observation, ...]
    unread: tuple[Unread, ...]
    calls: int


if TYPE_CHECKING:

    class Observe(Protocol):
        """How the facts of an integration are read."""

        async def __call__(
            self,
            credential: Mapping[str, Any],
            take: Callable[[Observation], None],
            *,
            fresh: Collection[str] = (),
            stale: Sequence[str] = (),
            tell: Callable[[int, int], None] | None = None,
        ) -> Reading:
            """Read what the keys of a credential tell beside yes and no, read-only and within the provider's rate.

            `take` gets each fact as soon as it is known, so that a reading which is cancelled has lost nothing; `fresh`
            are numbers (E.164) whose health is not asked again, and `stale` those that were asked before, the longest
            ago first, which take turns with those that never were; `tell` gets how many numbers were asked of how many.
            What fails is `unread`; raises ProviderFailed only where the credential names no host or account.
            """
