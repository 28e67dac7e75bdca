"""Makes integration types of definitions, so that whoever asks the registry knows no difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.providers.declared.definition import MailCheck
from tui.providers.declared.files import read_types
from tui.providers.fields import IntegrationType

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tui.models.numbers import ListedNumber
    from tui.providers.declared.definition import Definition
    from tui.providers.declared.reading import Mistakes
    from tui.providers.observations import Observation, Observe, Reading
    from tui.providers.verdicts import ConnectionTest, NumberListing, Tell
    from tui.settings.type_folders import TypeFolders

REFUSED_AGAIN_AFTER_H = 24


def declared_types(
    folders: TypeFolders, built_in: Mapping[str, IntegrationType]
) -> tuple[dict[str, IntegrationType], tuple[Mistakes, ...]]:
    """Read the definition files; return the types that they declare, and what is wrong with the others."""
    read = read_types(folders, {type_.name: type_.title for type_ in built_in.values()})
    return {name: type_of(definition) for name, definition in read.definitions.items()}, read.mistakes


def type_of(definition: Definition) -> IntegrationType:
    """Return the integration type that a definition declares."""
    check = definition.check
    is_mail = isinstance(check, MailCheck)
    help_ = definition.help
    if definition.unconfirmed:
        help_ = f"{help_} Not confirmed with a real account: {definition.unconfirmed}"
    return IntegrationType(
        definition.name,
        definition.title,
        help_,
        definition.fields,
        foreign_fields=definition.hidden,
        test=_test(definition) if check else None,
        test_unwatched=_test(definition, is_watched=False) if is_mail else None,
        list_numbers=_listing(definition) if definition.numbers else None,
        observe=_observe(definition) if definition.show else None,
        # Where logins fail again and again, a mailbox is locked.
        refused_again_after_h=None if is_mail else REFUSED_AGAIN_AFTER_H,
        definition=definition,
    )


# What asks a provider is imported when somebody asks: every start reads the files.
def _test(definition: Definition, *, is_watched: bool = True) -> ConnectionTest:
    async def test(credential: Mapping[str, Any], tell: Tell) -> None:
        from tui.providers.declared.check import run_check

        await run_check(definition, credential, tell, is_watched=is_watched)

    return test


def _listing(definition: Definition) -> NumberListing:
    async def listing(credential: Mapping[str, Any], tell: Callable[[int], None]) -> list[ListedNumber]:
        from tui.providers.declared.numbers import list_numbers

        return await list_numbers(definition, credential, tell)

    return listing


def _observe(definition: Definition) -> Observe:
    async def observe(
        credential: Mapping[str, Any],
        take: Callable[[Observation], None],
        *,
        fresh: Collection[str] = (),
        stale: Sequence[str] = (),
        tell: Callable[[int, int], None] | None = None,
    ) -> Reading:
        from tui.providers.declared.check import read_shown

        return await read_shown(definition, credential, take)

    return observe
