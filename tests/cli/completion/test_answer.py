"""What the program answers a shell that completes a line: whole words, soon, with nothing asked, read or written."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from tests.generate.commands import every_command
from tests.support.acme import ACME
from tests.support.commands import contents, execute
from tests.support.database.number_rows import DELHI, MEENA
from tui.cli.completion.answer import split_line
from tui.cli.completion.scripts import FILES, LINE, SHELL, WORD

if TYPE_CHECKING:
    from tests.support.commands import Shell


def completed(shell: Shell, line: str, *, for_shell: str = "fish", word: str = "") -> list[str]:
    """The words that are answered to a line behind `switchboard `; nothing else may come."""
    asked = {SHELL: for_shell, LINE: f"switchboard {line}", WORD: word}
    outcome = shell.with_(**asked).run()
    assert (outcome.status, outcome.err) == (0, ""), line
    return [text.partition("\t")[0] for text in outcome.out.splitlines()]


def test_commands_options_and_fixed_words_need_no_database(shell: Shell) -> None:
    assert completed(shell, "") == [path for path, _ in every_command() if path and " " not in path]
    assert completed(shell, "integrations e") == ["enable"]
    assert completed(shell, "audit list --li") == ["--limit"]
    assert completed(shell, "--json audit list --rea") == ["--read-only"]
    assert completed(shell, "audit list --format j") == ["json", "jsonl"]
    assert completed(shell, "audit list -o c") == ["csv"]
    assert completed(shell, "audit list --format=t") == ["--format=table"]
    assert completed(shell, "integrations test exotel_p") == ["exotel_phone"]
    assert completed(shell, "permissions grant a@b.example zoho") == ["zoho_mail"]
    assert completed(shell, "permissions grant --user a@b.example zoho") == ["zoho_mail"]
    assert completed(shell, "phone-numbers list --type t") == ["toll-free"]
    assert completed(shell, "help audit e") == ["export"]
    assert completed(shell, "types check zoho") == ["zoho_mail"]
    assert completed(shell, "types show ./") == [FILES]
    assert completed(shell, "completion f") == ["fish"]
    (shell.folder / "switchboard").mkdir()
    (shell.folder / "switchboard" / "production.env").touch()
    assert completed(shell.with_(XDG_CONFIG_HOME=str(shell.folder)), "--profile p") == ["production"]
    assert completed(shell, "audit stats --by h") == ["hour"]
    assert completed(shell, "audit list st") == ["status:"]
    assert completed(shell, "audit list -st") == ["-status:"]
    assert completed(shell, "audit list -status:fa") == ["-status:failed"]
    for line in ("audit export --output ", "--env-file x", "audit verify --manifest ", "keys rotate --to "):
        assert completed(shell, line) == [FILES]
    for nonsense in ("nonsense ", "audit list --limit ", "integrations list x", "'", "audit list status:\\", "\udcff"):
        completed(shell, nonsense)


def test_what_is_in_the_database_completes_and_nothing_is_written_or_run(office_shell: Shell) -> None:
    database = office_shell.environment["DATABASE_URL"]
    execute(
        database,
        "insert into switchboard.organization_labels values ('00000000-0000-4000-8000-0000000000f1', E'Acme\\nInc')",
    )
    execute(
        database,
        "insert into switchboard.keys (key_id, purpose, salt, state) "
        "values ('earlier', 'master', '0123456789abcdef', 'decrypt-only'), "
        "('long-ago', 'master', '0123456789abcdef', 'retired')",
    )
    before = contents(database)
    ran = office_shell.folder / "ran"
    shell = office_shell.without("ENCRYPTION_MASTER_KEY").with_(ENCRYPTION_MASTER_KEY_COMMAND=f"touch {ran}")
    assert completed(shell, "keys retire ") == ["earlier"]
    assert completed(shell, "permissions report ravi") == ["ravi@acme.example"]
    # A name, where it is one person's.
    assert completed(shell, "phone-numbers assign 1 Asha") == ["asha@acme.example"]
    assert completed(shell, "permissions copy asha@acme.example m") == ["meena@acme.example"]
    assert completed(shell, "--operator r") == ["ravi@acme.example"]
    assert completed(shell, "phone-numbers edit +91") == [DELHI]
    assert completed(shell, "phone-numbers edit 011-4116") == [DELHI]
    # A name of two lines is typed by nobody.
    assert completed(shell, "--organization ac") == ["Acme Foods"]
    assert completed(shell, f"--organization {str(ACME)[:34]}") == [str(ACME)]
    assert completed(shell, "audit list action:credential_cr") == ["action:credential_created"]
    assert completed(shell, "audit list status:failed,suc") == ["status:failed,success"]
    assert completed(shell, "audit list -user:meena") == ["-user:meena@acme.example"]
    assert completed(shell, "audit list details.c") == ["details.change:"]
    assert completed(shell, "--organization Globex phone-numbers edit ") == []
    assert contents(database) == before
    assert not ran.exists()


def test_somebody_who_holds_a_permission_and_left_the_directory_is_offered(office_shell: Shell) -> None:
    database = office_shell.environment["DATABASE_URL"]
    granted = office_shell.run("permissions", "grant", "ravi@acme.example", "exotel_phone", "--view", "--yes")
    assert granted.status == 0, granted.err
    execute(database, "delete from public.staff where email like 'ravi%%'")
    assert str(MEENA) not in completed(office_shell, "permissions revoke ")
    assert "00000000-0000-4000-8000-0000000ba710" in completed(office_shell, "permissions revoke ")


def test_bash_gets_the_part_that_it_replaces_with_what_a_shell_would_read_escaped(office_shell: Shell) -> None:
    for line, word, answered in (
        ("audit list sta", "sta", ["status:"]),
        ("audit list status:fa", "fa", ["failed"]),
        ("audit list status:", "", ["success", "failed", "pending"]),
        ("permissions report asha@ac", "ac", ["acme.example"]),
        ("--organization=ac", "ac", ["Acme\\ Foods"]),
        ("--organization Acme\\ F", "Acme\\ F", ["Acme\\ Foods"]),
        ("--organization 'Acme F", "'Acme F", ["Acme Foods"]),
        ("audit list org:gl", "gl", ["Globex"]),
    ):
        assert completed(office_shell, line, for_shell="bash", word=word) == answered, line


def test_bash_gets_nothing_that_would_run_within_quotes(office_shell: Shell) -> None:
    name = 'Evil\'s "$(x)" `y` \\!'
    statement = "insert into switchboard.organization_labels values ('00000000-0000-4000-8000-0000000000e1', %s)"
    execute(office_shell.environment["DATABASE_URL"], statement, name)
    for line, answered in (
        ('--organization "Ev', 'Evil\'s \\"\\$(x)\\" \\`y\\` \\\\"\\!"'),
        ("--organization 'Ev", "Evil'\\''s \"$(x)\" `y` \\!"),
        ('--organization="Ac', "Acme Foods"),
        ('--organization=Ac"me F', "me Foods"),
        ('"--organization=Ac', "--organization=Acme Foods"),
        ("audit list 'status:fa", "status:failed"),
    ):
        assert completed(office_shell, line, for_shell="bash", word=line) == [answered], line


def test_without_an_answer_from_the_database_there_are_no_candidates_soon(office_shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://asha@127.0.0.1:{silent.getsockname()[1]}/app"
        started = time.monotonic()
        assert completed(office_shell.with_(DATABASE_URL=url), "permissions report ") == []
        assert time.monotonic() - started < 5
    assert completed(office_shell.with_(DATABASE_URL="postgresql://127.0.0.1:1/app"), "permissions report ") == []
    assert completed(office_shell.with_(SWITCHBOARD_TIMEZONE="Mars"), "permissions report ") == []
    assert completed(office_shell.with_(DATABASE_URL="nonsense"), "audit list status:f") == ["status:failed"]


def test_the_locked_console_answers_nothing(office_shell: Shell) -> None:
    assert completed(office_shell.with_(SWITCHBOARD_LOCKED="1"), "permissions report ") == []
    assert completed(office_shell, "--locked ") == []


def test_a_line_is_taken_apart_as_a_shell_does() -> None:
    for line, words, incomplete in (
        ("switchboard", [], "switchboard"),
        ("s audit ", ["s", "audit"], ""),
        ("s 'a b", ["s"], "a b"),
        ('s "a b" c', ["s", "a b"], "c"),
        ("s a\\ b", ["s"], "a b"),
        ("s a\\ ", ["s"], "a "),
        ("", [], ""),
    ):
        assert split_line(line) == (words, incomplete), line
