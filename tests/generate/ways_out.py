"""Ways out of the locked console and what each got: `python -m tests.generate.ways_out` writes them into docs/ssh.md.

In what is typed {outside} is a folder that is not the one for exports, and {port} that of the sshd itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "ssh.md"
BEGIN, END = "<!-- ways out -->\n", "<!-- /ways out -->"
OPEN = "schema, doctor, types, integrations, check, permissions, access, phone-numbers, audit, keys, help, version"
NO_COMMAND = f"`switchboard` has no such command. Commands are: {OPEN}."
PLAIN_NAME = (
    "In the locked console a file has a plain name: no folder, no dot in front, no .part or .manifest.json. "
    "Give a name such as log.csv."
)
NOTHING_FOUND = "No row of the log is in this filter."


def closed_answer(what: str, instead: str = "Ask the administrator of this machine.") -> str:
    """Return the answer to what is closed in the locked console."""
    return f"{what} is not open in the locked console. {instead}"


@dataclass(frozen=True, slots=True)
class WayOut:
    """What is typed, and what comes of it: the exit status, and a line on standard error or, after 0, the output."""

    typed: str
    status: int
    answer: str
    program: str = "ssh"
    options: tuple[str, ...] = ()
    shown: str = ""

    @property
    def line(self) -> str:
        """The command line as a person would write it."""
        typed = self.typed if len(self.typed) < 100 else f"{self.typed[:24]}..."
        return self.shown or f"ssh host {typed!r}"


def _option(typed: str, status: int, answer: str, *options: str, shown: str) -> WayOut:
    return WayOut(typed, status, answer, options=options, shown=shown)


WAYS = (
    WayOut("sh -c id", 2, NO_COMMAND),
    WayOut("audit list; id", 2, "`switchboard audit` has no such command. Did you mean list?"),
    WayOut("audit list $(id) `id`", 0, NOTHING_FOUND),
    WayOut("audit list | sh", 0, NOTHING_FOUND),
    WayOut("audit list > {outside}/rows", 0, NOTHING_FOUND),
    WayOut("git-upload-pack x", 2, NO_COMMAND),
    WayOut("rsync --server --sender . /etc", 2, NO_COMMAND),
    WayOut("switchboard --env-file /etc/passwd doctor", 2, closed_answer("The option --env-file")),
    WayOut("integrations list --operator somebody.else@acme.example", 2, closed_answer("The option --operator")),
    WayOut("integrations list --profile production", 2, closed_answer("The option --profile")),
    WayOut("demo", 2, closed_answer("`switchboard demo`")),
    WayOut("setup --yes", 2, closed_answer("`switchboard setup`")),
    WayOut("keys generate", 2, closed_answer("`switchboard keys generate`")),
    WayOut("audit seal --new-key {outside}/key", 2, closed_answer("`switchboard audit seal`")),
    WayOut("audit export --output {outside}/log", 2, PLAIN_NAME),
    WayOut("audit export --output ../log", 2, PLAIN_NAME),
    WayOut("audit export --output .bashrc", 2, PLAIN_NAME),
    WayOut("audit verify --manifest /etc/passwd", 2, closed_answer("The option --manifest")),
    WayOut(
        "audit verify --public-key /etc/shadow",
        2,
        closed_answer("A file for --public-key", "Give the key itself, 64 hexadecimal digits."),
    ),
    WayOut('audit list "x', 2, "The command over SSH has a quote that is not closed. Close it, or escape it with \\."),
    WayOut("audit list\nsh", 2, "The command over SSH holds a control character. Give the command on one line."),
    WayOut(f"audit list {'x' * 9000}", 2, "The command over SSH is longer than 8 KB. Give a shorter one."),
    WayOut("", 1, NO_COMMAND, "scp", ("-O", "file", "host:{outside}/file"), "scp -O file host:{outside}/file"),
    WayOut("", 255, "scp: Connection closed", "scp", ("file", "host:{outside}/file"), "scp file host:{outside}/file"),
    WayOut("", 255, "Connection closed", "sftp", ("host",), "sftp host"),
    _option("", 255, "stdio forwarding failed", "-W", "127.0.0.1:{port}", shown="ssh -W 127.0.0.1:{port} host"),
    _option(
        "",
        255,
        "Error: remote port forwarding failed for listen port 0",
        *("-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:{port}"),
        shown="ssh -N -R 0:127.0.0.1:{port} host",
    ),
    _option(
        "demo",
        2,
        closed_answer("`switchboard demo`"),
        *("-o", "SetEnv=SWITCHBOARD_LOCKED=0"),
        shown="ssh -o SetEnv=SWITCHBOARD_LOCKED=0 host demo",
    ),
    _option(
        "keys status",
        0,
        "key            the key in use",
        *("-o", "SetEnv=ENCRYPTION_MASTER_KEY_COMMAND='touch {outside}/made'"),
        shown="ssh -o SetEnv=ENCRYPTION_MASTER_KEY_COMMAND='touch {outside}/made' host keys status",
    ),
    _option(
        "sh",
        2,
        NO_COMMAND,
        *("-o", "SetEnv=PYTHONPATH={outside} PYTHONSTARTUP={outside}/sitecustomize.py BASH_ENV={outside}/rc"),
        shown="ssh -o 'SetEnv=PYTHONPATH={outside} PYTHONSTARTUP=... BASH_ENV=...' host sh",
    ),
    _option(
        "",
        2,
        "The console needs a terminal, and standard input is not one. Use `ssh -t` if this is a remote login, or run "
        "`ssh HOST integrations list`, which needs none.",
        *("-T",),
        shown="ssh -T host",
    ),
)


# What is typed and nothing else reaches the program as a variable, and no terminal is the same without sshd.
TYPED_WAYS = tuple(way for way in WAYS if way.program == "ssh" and way.options in {(), ("-T",)})
# One of those that are typed, with what a shell would run; and where sshd itself is asked, one of each kind: scp asks
# for sftp, and no variable gets in.
WAYS_OF_SSH = tuple(
    next(way for way in WAYS if wanted in way.line) for wanted in ("$(id)", "scp file", "ssh -W", "-R 0:", "PYTHONPATH")
)


def ways_table() -> str:
    """Return the table as Markdown."""
    rows = ["| typed | exit | answer |", "|---|---|---|"]
    for way in WAYS:
        line = way.line.replace("{outside}", "/tmp").replace("{port}", "5432").replace("|", "\\|")
        rows.append(f"| ``{line}`` | {way.status} | {way.answer} |")
    return "\n".join(rows) + "\n"


def ways_table_in_document() -> str:
    """Return the table that docs/ssh.md has now."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)]


def main() -> None:
    """Put the table into docs/ssh.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(text[: text.index(BEGIN)] + BEGIN + ways_table() + text[text.index(END) :], encoding="utf-8")


if __name__ == "__main__":
    main()
