"""What a driver's error becomes. The texts of every refusal are not imported by a start that succeeds."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal

from tui.errors import NoFreeConnection, UnknownRefusal

if TYPE_CHECKING:
    from tui.errors import SwitchboardError

Availability = Literal["gone", "full", "refuses"]
"""Nobody answers, every connection is taken, or this login is not let in."""


def load_texts() -> None:
    """Import what `translate` needs, while files can be opened and are of this version."""
    import_module(f"{__name__}.translation")


def translate(exc: BaseException, *, connecting: bool = False, role: str | None = None) -> SwitchboardError:
    """Return the error to show for one of the driver, the pool or the network.

    `connecting` says that there was no connection yet; `role` is the database role, named where it lacks a privilege.
    Raise the result `from None`: the original carries the failing row and, while connecting, what was typed. The
    server's SQLSTATE travels as `sqlstate`.
    """
    from tui.data.postgres.failures.translation import translated

    return translated(exc, connecting=connecting, role=role)


def availability_of(failure: BaseException) -> Availability:
    """Return whether a failure to connect means silence, no free connection, or a login that is refused."""
    shown = translate(failure, connecting=True)
    if isinstance(shown, NoFreeConnection):
        return "full"
    return "gone" if shown.may_pass and not isinstance(shown, UnknownRefusal) else "refuses"
