"""A value that shows itself only when asked to, with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator


class Secret:
    """A text whose repr, str, format and rich repr are constant, and that cannot be pickled, copied or dumped.

    Equality is deliberately identity: comparing secrets is the caller's business, in constant time.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self, reason: str) -> str:
        """Return the text. `reason` is a non-empty word that makes every opening findable in the source."""
        if not reason:
            raise ValueError("a secret is revealed for a reason")
        return self.__value

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __rich_repr__(self) -> Iterator[str]:
        yield "…"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")

    def __copy__(self) -> NoReturn:
        raise TypeError("a Secret cannot be copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a Secret cannot be copied")
