"""The rights that a permission can give: the one table from which SQL, grid, options, verdicts and words derive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Right = Literal["view", "send", "configure"]


class RightDefinition(NamedTuple):
    """One right. `keys` give or take it on the grid, where `letter` stands for it; `is_limited` by limits of sends."""

    name: Right
    keys: str
    letter: str
    what_it_allows: str
    implies: tuple[Right, ...] = ()
    is_limited: bool = False

    @property
    def column(self) -> str:
        """The column of user_integration_permissions that says whether it is given."""
        return f"can_{self.name}"


# In the order in which rights are shown. SQL has them in 003_tables, 005_audit (the log of a row) and 008_enforcement.
RIGHTS: dict[Right, RightDefinition] = {
    definition.name: definition
    for definition in (
        RightDefinition("view", "v,space", "V", "See the integration and its log"),
        RightDefinition("send", "s", "S", "Send through it", implies=("view",), is_limited=True),
        RightDefinition("configure", "c", "C", "Change its credential", implies=("view",)),
    )
}
COLUMNS = tuple(definition.column for definition in RIGHTS.values())


def in_order(rights: Iterable[Right]) -> tuple[Right, ...]:
    """Return rights in the table's order, each once."""
    unordered = frozenset(rights)
    return tuple(name for name in RIGHTS if name in unordered)


def implying(right: Right) -> tuple[Right, ...]:
    """Return the rights that cannot be held without this one."""
    return tuple(name for name, definition in RIGHTS.items() if right in definition.implies)


def rights_of(row: Mapping[str, Any]) -> tuple[Right, ...]:
    """Return the rights that a row's columns give; NULL gives none."""
    return tuple(name for name, definition in RIGHTS.items() if row[definition.column])


def holds_any_right(alias: str) -> str:
    """Return the SQL condition that a row of user_integration_permissions gives a right, expired or not."""
    return f"({' or '.join(f'{alias}.{column}' for column in COLUMNS)})"


def holds_any_right_now(alias: str) -> str:
    """Return the SQL condition that a row of user_integration_permissions gives a right that has not expired."""
    return f"({holds_any_right(alias)} and {_is_current(alias)})"


def holds_rights_now(alias: str, rights: Iterable[Right]) -> str:
    """Return the SQL condition that such a row gives all of these rights, of none any, and has not expired."""
    columns = [f"{alias}.{RIGHTS[right].column}" for right in rights]
    return f"({' and '.join([*columns, _is_current(alias)])})" if columns else holds_any_right_now(alias)


def _is_current(alias: str) -> str:
    return f"({alias}.expires_at is null or {alias}.expires_at > now())"
