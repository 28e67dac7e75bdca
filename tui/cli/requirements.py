"""What a command requires: of the login, the master key, the mode it runs in and the connection."""

from __future__ import annotations

from typing import Literal, NamedTuple

Role = Literal["none", "any", "support", "administrator", "owner"]
Key = Literal["none", "optional", "required", "sealing", "cosigning"]
Writes = Literal["nothing", "log", "data"]


class Requirements(NamedTuple):
    """The requirements of a command, or of a command with one of its options.

    `role` is the least that the login may be: "none" does not connect, "any" is one of the three groups. `key` is what
    the master keys are read for, or "sealing", the private key of the seals, or "cosigning", that of a cosigner.
    Read-only mode refuses what writes "data", a read-only database what writes the "log" as well. `installs` looks for
    a server that the schema could be installed on: neither read-only nor behind a pooler in transaction mode. `finds`
    exits with 5 where it found something, and `starts` with 126 or 127 where the program that was named cannot be
    started.
    Before the work begins `connects` connects to a database that is set up, and `organization` chooses one there.
    """

    role: Role = "none"
    key: Key = "none"
    writes: Writes = "nothing"
    installs: bool = False
    finds: bool = False
    starts: bool = False
    connects: bool = True
    organization: bool = True

    @property
    def reads_keys(self) -> bool:
        """Whether the master keys are read."""
        return self.key in ("optional", "required")

    @property
    def exit_statuses(self) -> tuple[int, ...]:
        """The statuses it ends with by itself (docs/commands.md); a crash and a signal come on top."""
        possible = {3: self.role != "none", 4: self.key != "none", 5: self.finds, 126: self.starts, 127: self.starts}
        return (0, 1, 2, *(status for status, applies in possible.items() if applies))
