"""Properties of drawn cases: a sample in every run, and many more in a test that is marked long."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy


def drawn(
    sample: int, whole: int, **strategies: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorate a test that is called with `sample` drawn cases, and with `whole` where it is run as a long one.

    The seed is fixed, so that a run is as long as the one before. What is no strategy's is a fixture, the same for all.
    """

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        def run(*of_class: Any, cases: int, **fixtures: Any) -> None:
            @settings(
                max_examples=cases, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck]
            )
            @given(**strategies)
            def every(**case: Any) -> None:
                test(*of_class, **fixtures, **case)

            every()

        parameters = inspect.signature(test).parameters.values()
        fixtures = [parameter for parameter in parameters if parameter.name not in strategies]
        cases = inspect.Parameter("cases", inspect.Parameter.KEYWORD_ONLY)
        run.__signature__ = inspect.Signature([*fixtures, cases])  # type: ignore[attr-defined]
        run.__name__, run.__qualname__ = test.__name__, test.__qualname__
        run.__doc__, run.__module__ = test.__doc__, test.__module__
        return pytest.mark.parametrize("cases", [sample, pytest.param(whole, marks=pytest.mark.long)])(run)

    return decorate
