"""What a definition file becomes, and what is said of one that has mistakes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import textwrap
from datetime import date
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.support.definition_files import FILE, GOOD
from tests.support.drawn import drawn
from tests.support.fresh_python import REPOSITORY
from tests.support.hostile_definitions import HOSTILE
from tui.providers.declared.definition import (
    Authorization,
    Condition,
    Control,
    Definition,
    Get,
    HttpsCheck,
    MailCheck,
    MailLogin,
    Numbers,
    Refusal,
    Shown,
)
from tui.providers.declared.files import SHIPPED, read_file
from tui.providers.declared.reading import Mistakes, read_definition, shown_path
from tui.providers.declared.template import template_for
from tui.providers.fields import Field


def read(text: str | bytes, file: str = FILE) -> Definition:
    content = text.encode() if isinstance(text, str) else text
    outcome = read_definition(Path(file), content, "user")
    assert isinstance(outcome, Definition), outcome
    return outcome


def test_a_file_becomes_what_it_says() -> None:
    read_it = read(GOOD)
    assert read_it == Definition(
        name="acme_voice",
        title="Acme voice",
        help="Console > Settings > API keys.",
        documentation=("https://docs.acme.example/auth",),
        unconfirmed="",
        fields=(
            Field(
                "account_id",
                "Account id",
                "word",
                "It stands in the console.",
                example="AC123",
                required=True,
                pattern="AC[0-9]{3}",
            ),
            Field("auth_token", "Token", "word", "It stands in the console.", required=True, secret=True),
        ),
        check=HttpsCheck(
            "api.acme.example",
            "",
            Authorization("basic", "{auth_token}", "{account_id}"),
            (
                Get(
                    "/v1/accounts/{account_id}.json",
                    Condition((200,), {"sid": "{account_id}", "is_open": True}),
                    (Refusal(Condition((401,), {}), "Acme does not accept the token.", "Copy it again."),),
                ),
            ),
        ),
        show=(Shown("Plan", 0, "plan.name"),),
        numbers=Numbers("/v1/accounts/{account_id}/numbers.json", "numbers", "phone_number"),
        control=None,
        origin="user",
        path=Path(FILE),
        sha256=read_it.sha256,
        check_sha256=read_it.check_sha256,
    )


def test_other_parts_become_what_they_say() -> None:
    text = """
    name = "m"
    title = "M"
    help = "H."
    field = [
      { name = "pass", label = "Password", kind = "secret", help = "P.", required = true },
      { name = "host", label = "Host", kind = "host", help = "H.", default = "mail.example.com" },
      { name = "port", label = "Port", kind = "port", help = "P.", default = 993, choices = [993, 143] },
      { name = "tls", label = "TLS", kind = "yes_no", help = "T.", default = false },
      { name = "tries", label = "Tries", kind = "number", help = "T.", default = 3 },
      { name = "kept", hidden = true },
    ]
    [check]
    user = "{{robot}}@{host}"
    secret = "{pass}"
    imap = { host = "{host}", port = "{port}" }
    smtp = { host = "smtp.example.com", port = 465 }
    [control]
    date = 2026-11-30
    sha256 = "%s"
    """
    mail = read(text % ("0" * 64), "/types/m.toml")
    smtp, imap = MailLogin("smtp.example.com", "465"), MailLogin("{host}", "{port}")
    assert mail.check == MailCheck("{{robot}}@{host}", "{pass}", smtp, imap)
    assert [field.default for field in mail.fields] == [None, "mail.example.com", "993", "no", "3"]
    assert mail.fields[2].choices == ("993", "143")
    assert mail.hidden == ("kept",)
    assert mail.control == Control(date(2026, 11, 30), "0" * 64)
    assert not mail.is_proven
    assert read(text % mail.check_sha256, "/types/m.toml").is_proven


def test_each_hostile_file_gets_its_answer() -> None:
    for hostile in HOSTILE:
        outcome = read_definition(Path(FILE), hostile.content, "user")
        assert isinstance(outcome, Mistakes), hostile.title
        assert tuple(mistake.sentence for mistake in outcome.mistakes) == hostile.answers, hostile.title
        assert all(mistake.sentence.isprintable() for mistake in outcome.mistakes)


def test_private_addresses_are_for_root_alone() -> None:
    content = GOOD.replace("[check]", "[check]\nprivate_network = true").encode()
    of_root = read_definition(Path(FILE), content, "root")
    assert isinstance(of_root, Definition)
    assert isinstance(of_root.check, HttpsCheck)
    assert of_root.check.private_network
    assert isinstance(read_definition(Path(FILE), content, "shipped"), Mistakes)


def test_the_digest_is_of_what_a_credential_meets() -> None:
    good = read(GOOD)
    rearranged = "# mine\r\n" + GOOD.replace('title = "Acme voice"\n', "").replace(
        "[[field]]", "title = '''Acme voice'''\n[[field]]", 1
    ).replace("\n", "\r\n")
    controlled = f'{GOOD}[control]\ndate = 2026-11-30\nsha256 = "{good.check_sha256}"\n'
    assert {read(text).sha256 for text in (rearranged, controlled)} == {good.sha256}
    for part, other in (("api.acme", "api2.acme"), ('"Token"', '"Key"'), ("{3}", "{3,4}"), ("plan.name", "plan.id")):
        assert read(GOOD.replace(part, other)).sha256 != good.sha256
    other_title = read(GOOD.replace("Acme voice", "Acme calls"))
    assert other_title.sha256 != good.sha256
    assert other_title.check_sha256 == good.check_sha256
    other_check = read(GOOD.replace("is_open", "is_paid"))
    assert other_check.check_sha256 != good.check_sha256
    # As docs/types.md says it.
    small = '{"auth":"bearer","get":[{"path":"/e","yes":{"status":200}}],"host":"a.example","secret":"{auth_token}"}'
    text = GOOD[: GOOD.index("[check]")] + (
        '[check]\nsecret = "{auth_token}"\nhost = "a.example"\nauth = "bearer"\n'
        '[[check.get]]\nyes = { status = 200 }\npath = "/e"\n'
    )
    assert read(text).check_sha256 == hashlib.sha256(small.encode()).hexdigest()


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_file_has_no_mistake_and_says_what_it_was_written_from(path: Path) -> None:
    # As the user's, so that its patterns, examples and defaults are tried as well.
    definition = read(path.read_bytes(), str(path))
    assert definition.documentation
    assert definition.unconfirmed
    assert all(field.example for field in definition.fields)
    # A status alone would be a yes of whoever answers anything.
    assert isinstance(definition.check, MailCheck) or all(get.yes.values for get in definition.check.gets)


def test_the_template_has_no_mistake_and_shows_every_part() -> None:
    definition = read(template_for("pager_2"), "/types/pager_2.toml")
    assert (definition.name, definition.title) == ("pager_2", "Pager 2")
    assert definition.check
    assert definition.show
    assert definition.numbers


@drawn(60, 400, data=st.data())
def test_no_change_of_a_file_raises_anything(data: st.DataObject) -> None:
    content = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(start + 30, len(content))))
        pieces = st.sampled_from(
            [b"", b'"', b"[", b"=", b"{", b"}", b"\n", b"'''", b"9" * 30, b"\xff", b"1", b"[[", b"#"]
        )
        content[start:end] = data.draw(pieces | st.binary(max_size=3))
    outcome = read_definition(Path(FILE), bytes(content), "user")
    if isinstance(outcome, Mistakes):
        assert outcome.mistakes
        assert all(mistake.sentence.isprintable() for mistake in outcome.mistakes)
    elif isinstance(outcome.check, HttpsCheck):
        assert "{auth_token}" in outcome.check.authorization.secret
        assert not any("auth_token" in get.path for get in outcome.check.gets)


def test_a_file_below_home_is_named_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/asha")
    assert shown_path(Path("/home/asha/a\x1b.toml")) == "~/a?.toml"
    assert shown_path(Path("/home/ashalata/a.toml")) == "/home/ashalata/a.toml"


def test_a_shipped_file_is_read_where_it_is(tmp_path: Path) -> None:
    assert isinstance(read_file(SHIPPED / "twilio.toml", "shipped"), Definition)
    outcome = read_file(tmp_path / "no.toml", "shipped")
    assert isinstance(outcome, Mistakes)


def test_the_example_of_the_document_has_no_mistake_and_its_digest_is_as_the_document_computes_it(
    tmp_path: Path,
) -> None:
    document = (REPOSITORY / "docs" / "types.md").read_text()
    _, _, block = document.partition("```toml\n")
    example = textwrap.dedent(f"   {block.partition('```')[0]}")
    definition = read(example)
    _, _, code = document.partition("python3 -c '")
    controlled = f'{example}\n[control]\ndate = 2026-11-30\nsha256 = "{definition.check_sha256}"\n'
    command = [sys.executable, "-c", code.partition("' <")[0]]
    printed = subprocess.run(command, input=controlled.encode(), capture_output=True, check=True).stdout
    assert printed.decode().strip() == definition.sha256 == read(controlled).sha256
