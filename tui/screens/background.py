"""Work of a screen, or of a part of one, that runs while keys are answered."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, cast

from textual import work
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.worker import Worker

    from tui.screens.app_interface import Console

Owner = TypeVar("Owner", bound=Widget)
Arguments = ParamSpec("Arguments")
Method = Callable[Concatenate[Owner, Arguments], Awaitable[None]]
Started = Callable[Concatenate[Owner, Arguments], "Worker[None]"]


def background(
    group: str, *, exclusive: bool = True
) -> Callable[[Method[Owner, Arguments]], Started[Owner, Arguments]]:
    """Let calling a method start it in the background, cancelling what else of its group runs if it is exclusive.

    An exception that it does not expect ends the program on the crash page. Textual tells only the widget whose
    worker failed, so that of a part of a screen would go by in silence.
    """

    def decorate(method: Method[Owner, Arguments]) -> Started[Owner, Arguments]:
        @wraps(method)
        async def reported(owner: Owner, *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
            try:
                await method(owner, *args, **kwargs)
            except Exception as error:
                # What is being removed finds its own parts gone: that is no crash.
                if owner.is_attached and not owner._pruning:
                    cast("Console", owner.app).fail(error)

        return cast("Started[Owner, Arguments]", work(group=group, exclusive=exclusive, exit_on_error=False)(reported))

    return decorate


async def leaving_nothing(work: Callable[[], Awaitable[None]]) -> None:
    """Run it, and let its cancellation keep none of its frames: they hold a database, and that holds a password."""
    is_cancelled = False
    try:
        await work()
    except CancelledError:
        is_cancelled = True
    if is_cancelled:
        # Behind the handler, where the one that was caught is not its context.
        raise CancelledError
