"""The server that a connection leads to."""

from __future__ import annotations

from typing import Literal, NamedTuple


class ServerInfo(NamedTuple):
    """What a fresh connection tells about the server and the role, in one round trip.

    `tells_login` is whether the role may ask there what its login is taken for.
    """

    host: str
    port: int
    database: str
    role: str
    version: int
    tls: str | None
    is_local: bool
    pooling: Literal["direct", "session", "transaction"]
    in_recovery: bool
    read_only: bool
    superuser: bool
    create_role: bool
    create_in_database: bool
    create_in_public: bool
    encoding: str = "UTF8"
    tells_login: bool = False

    @property
    def version_text(self) -> str:
        """The version as people write it: 180004 -> 18.4."""
        return f"{self.version // 10000}.{self.version % 10000}"
