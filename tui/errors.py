"""The failures a person can meet, each with a title, one sentence, what to do, and an exit status."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, TypeVar

if TYPE_CHECKING:
    from tui.models.envelopes import UnreadableReason

E = TypeVar("E", bound="SwitchboardError")


class Advice(StrEnum):
    """What to do about a failure that may pass: the console reconnects by itself, a command is to be run again."""

    CHECK_NETWORK = "Check the network."
    WAIT_A_MOMENT = "Wait a moment."


class SwitchboardError(Exception):
    """A failure that is shown to a person.

    `sentence` says what is wrong and `what_to_do` what to do about it, one sentence each, free of secrets and of row
    contents; `quoted` is what the server itself said, and stands behind them. `details` may hold raw driver text that
    a screen shows only on request.
    `exit_status` is the command's exit status (docs/commands.md). `sqlstate` is the five characters the
    server gave with it, empty where none did; `answered` is whether a living server or pooler said it. `may_pass`: it
    may end by itself, so that trying again may help.
    """

    title: ClassVar[str] = "It failed"
    exit_status: ClassVar[int] = 1
    sqlstate: str = ""
    answered: bool = False
    may_pass: bool = False

    def __init__(self, sentence: str, what_to_do: str, *, quoted: str = "", details: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.advice = what_to_do
        self.quoted = quoted
        self.details = details

    @property
    def what_to_do(self) -> str:
        """What to do about it, and what the server said."""
        return f"{self.advice} {self.quoted}".rstrip()

    def rephrased(self, error: type[E], sentence: str) -> E:
        """Return it as another error with another sentence, and the same advice, quotation, details and SQLSTATE."""
        other = error(sentence, self.advice, quoted=self.quoted, details=self.details)
        other.sqlstate, other.answered = self.sqlstate, self.answered
        return other

    def __str__(self) -> str:
        return f"{self.sentence} {self.what_to_do}"


class InvalidInput(SwitchboardError):
    """A value, option or combination that cannot be accepted; nothing was written."""

    title = "Not accepted"
    exit_status = 2


class ConfigError(SwitchboardError):
    """A setting, or a file of settings, that cannot be used. Never holds a value."""

    title = "Configuration"
    exit_status = 2


class FilterError(InvalidInput):
    """A filter of the log that is not understood; `offset` and `length` are of the word in `text`, in characters."""

    title = "Filter not understood"

    def __init__(self, sentence: str, what_to_do: str, *, text: str, offset: int, length: int) -> None:
        super().__init__(sentence, what_to_do)
        self.text = text
        self.offset = offset
        self.length = length


class UnknownType(InvalidInput):
    """No provider of that integration type."""

    title = "Unknown integration type"


class UnknownOrganization(InvalidInput):
    """No organisation of that id or name, or more than one to choose from."""

    title = "Which organisation?"


class UnknownPerson(InvalidInput):
    """No person of that id or e-mail."""

    title = "Unknown person"


class ReadOnlyMode(InvalidInput):
    """A write was asked for in read-only mode."""

    title = "Read-only"
    usual_sentence: ClassVar[str] = "Switchboard is in read-only mode, so nothing was written."
    usual_way_out: ClassVar[str] = "Start it without --read-only and without SWITCHBOARD_READ_ONLY."

    def __init__(self, sentence: str = "", what_to_do: str = "", *, quoted: str = "", details: str = "") -> None:
        what_to_do = what_to_do or self.usual_way_out
        super().__init__(sentence or self.usual_sentence, what_to_do, quoted=quoted, details=details)


class SchemaNewer(ReadOnlyMode):
    """A newer Switchboard has set the database up: this one reads it, and writes nothing but the log."""

    title = "Set up by a newer Switchboard"
    usual_sentence = "A newer Switchboard has set this database up, so this one only reads it."
    usual_way_out = "Upgrade Switchboard on this machine, or ask its administrator."


class ConfirmationNeeded(InvalidInput):
    """An act that cannot be undone was asked for without --yes and without a person to ask."""

    title = "Confirmation needed"


class ProgramNotFound(InvalidInput):
    """There is no program of the name that a credential is to be lent to."""

    title = "No such program"
    exit_status = 127


class ProgramNotExecutable(InvalidInput):
    """What a credential is to be lent to is there, and cannot be executed."""

    title = "Not executable"
    exit_status = 126


class NoTerminal(InvalidInput):
    """The console was started where there is no terminal."""

    title = "No terminal"


class MalformedConnectionString(InvalidInput):
    """A connection string that is not one. The text never repeats any part of it."""

    title = "Connection string not understood"


class PermissionDenied(SwitchboardError):
    """The database's permissions refuse it (42501); the privilege and the role are named."""

    title = "Not allowed by the database"
    exit_status = 3


class NotRecorded(SwitchboardError):
    """A person's own definition of an integration type, which no administrator has recorded: it opens no credential."""

    title = "Definition not recorded"
    exit_status = 3


class MasterKeyError(SwitchboardError):
    """The master key is missing, too weak to write with, from two sources, or not the one in use."""

    title = "Master key"
    exit_status = 4


class MasterKeyMissing(MasterKeyError):
    """No master key is configured."""

    title = "No master key"

    def __init__(self, what_to_do: str = "") -> None:
        super().__init__(
            "ENCRYPTION_MASTER_KEY not configured: credentials cannot be encrypted.",
            what_to_do or "Set it in the environment or in .env; `switchboard keys generate` makes a new one.",
        )


class WrongMasterKey(MasterKeyError):
    """The configured key is not the one this database was written with."""

    title = "Wrong master key"


class SealKeyError(SwitchboardError):
    """The private key that signs seals is missing, cannot be read, or may not be used any more."""

    title = "Sealing key"
    exit_status = 4


class CheckFailed(SwitchboardError):
    """A check ran to its end and found something."""

    title = "The check found problems"
    exit_status = 5


class AlreadyTold(CheckFailed):
    """A check found nothing but what was told when it was noticed: but in JSON, its exit status alone says so."""


class Unreadable(SwitchboardError):
    """An envelope does not open, for one of the reasons of `models.UnreadableReason`."""

    title = "Unreadable credential"

    def __init__(self, reason: UnreadableReason, sentence: str, what_to_do: str, *, details: str = "") -> None:
        super().__init__(sentence, what_to_do, details=details)
        self.reason = reason


class NotFound(SwitchboardError):
    """The row asked for is not there, or not any more."""

    title = "Not found"


class NotProvable(SwitchboardError):
    """There is no seal that a proof of the row could begin with."""

    title = "No proof"


class Conflict(SwitchboardError):
    """Somebody else changed the row meanwhile; nothing was written."""

    title = "Changed by somebody else"


class ConstraintViolated(SwitchboardError):
    """A constraint of the database refused the row. Never carries the row."""

    title = "Refused by a rule of the database"
    exit_status = 2

    @property
    def is_duplicate(self) -> bool:
        """Whether a unique key refused it."""
        return self.sqlstate == "23505"


class ConnectionFailed(SwitchboardError):
    """No connection: name, network, TLS, password, or the server is not answering."""

    title = "No connection"


class Unreachable(ConnectionFailed):
    """Nobody answers there, or not yet."""

    may_pass = True


class UnknownRefusal(ConnectionFailed):
    """The server refused a login in words that are not known, such as another language's: perhaps only for now."""

    may_pass = True


class NoFreeConnection(ConnectionFailed):
    """The server answers, and has no connection left for us, or ours are all in use."""

    title = "No free connection"
    may_pass = True


class ConnectionLost(ConnectionFailed):
    """The connection broke while in use. Reads may be repeated, writes never by themselves."""

    title = "Connection lost"
    may_pass = True


def not_connected() -> ConnectionLost:
    """Return the failure of whoever wants a connection that is closed, perhaps to be made anew."""
    return ConnectionLost("There is no connection to the database.", Advice.WAIT_A_MOMENT)


class CommitInDoubt(ConnectionLost):
    """The reply to COMMIT was lost and the outcome could not be asked for."""

    title = "Unknown whether it was saved"


class ServerUnsuitable(SwitchboardError):
    """The server cannot be used: too old, in recovery, read-only, or behind a transaction pooler."""

    title = "This server cannot be used"


class SchemaMissing(SwitchboardError):
    """Switchboard's schema, or one of the four tables, is not installed."""

    title = "Not set up yet"


class SchemaInTheWay(SwitchboardError):
    """Something in the database prevents the installation; it is named and left alone."""

    title = "Another object is in the way"


class Locked(SwitchboardError):
    """A lock was not obtained in time."""

    title = "Locked by somebody else"


class TimedOut(SwitchboardError):
    """The server cancelled the statement because it took too long."""

    title = "Took too long"


class DatabaseFailed(SwitchboardError):
    """Any other failure the server reported."""

    title = "The database refused"


class ExportFailed(SwitchboardError):
    """An export of the log that did not come to its end; no file of it is left."""

    title = "Export failed"


class OutputFailed(SwitchboardError):
    """Standard output refuses what a command writes."""

    title = "Output failed"


class Crashed(SwitchboardError):
    """The program met something that no part of it foresaw."""

    title = "Crashed"
    exit_status = 70


class DemoFailed(SwitchboardError):
    """The embedded Postgres could not be prepared, started or reset."""

    title = "The embedded database"


class ProviderFailed(SwitchboardError):
    """A provider could not be reached, refused the credential, or answered what cannot be understood.

    `code` is the provider's own, such as "401"; empty where it gave none. `is_temporary`: it says nothing about the
    credential.
    """

    title = "The provider refused, or was not reached"

    def __init__(self, sentence: str, what_to_do: str, *, code: str = "", is_temporary: bool = False) -> None:
        super().__init__(sentence, what_to_do)
        self.code = code
        self.is_temporary = is_temporary
