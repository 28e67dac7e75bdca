"""A proxy before the server, which tests of connections cut, fill or turn into a black hole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.servers.tcp_proxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer


@pytest.fixture
def proxy(postgres: TestServer) -> Iterator[TcpProxy]:
    """A proxy before the server, and on it the role walter."""
    postgres.create_role("walter", "login password 'walter'")
    with TcpProxy(postgres.port) as proxy:
        yield proxy
    postgres.drop_new_roles()
