"""Integration types are found, not listed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.definition_files import GOOD
from tests.support.fresh_python import python
from tui.errors import UnknownType
from tui.providers import _built_in_types, integration_type, integration_types, registry, title_of, type_titles
from tui.providers.validation import form_values, validate
from tui.settings.type_folders import TypeFolders, use_type_folders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tui.providers.fields import IntegrationType

MADE_UP = """
from tui.providers.fields import Field, IntegrationType

TYPES = (
    IntegrationType(
        "pager",
        "Pager",
        "On the back of the device.",
        (
            Field("code", "Code", "word", "Six digits.", required=True, secret=True),
            Field("tone", "Tone", "choice", "What it plays.", choices=("beep", "buzz"), default="beep"),
        ),
    ),
)
"""


def forget_types() -> None:
    _built_in_types.cache_clear()
    use_type_folders(TypeFolders())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules belong to the integration types for one test."""
    monkeypatch.setattr(integration_types, "__path__", [*integration_types.__path__, str(tmp_path)])
    forget_types()
    yield tmp_path
    forget_types()
    for name in ("tui.providers.integration_types.made_up", "tui.providers.integration_types.claims"):
        sys.modules.pop(name, None)


def built_in() -> list[IntegrationType]:
    return [type_ for type_ in registry().values() if type_.definition is None]


def test_the_four_types_of_the_product_are_there() -> None:
    fields = {type_.name: [field.name for field in type_.fields] for type_ in built_in()}
    account = ["account_sid", "api_key", "api_token", "api_host"]
    whatsapp = ["whatsapp_number", "waba_id", "business_name", "auto_reply_enabled", "auto_reply_message"]
    mail = ["email", "app_password", "smtp_host", "smtp_port", "imap_host", "imap_port"]
    assert fields == {
        "exotel_phone": [*account, "virtual_number", "caller_id"],
        "exotel_whatsapp": [*account, *whatsapp],
        "exotel_sms": [*account, "sms_number", "dlt_entity_id", "dlt_template_id", "sms_type"],
        "zoho_mail": mail,
    }


def test_required_and_secret_fields_are_those_of_the_product() -> None:
    required = {field.name for type_ in built_in() for field in type_.fields if field.required}
    secret = {field.name for type_ in built_in() for field in type_.fields if field.secret}
    assert required == {
        *("account_sid", "api_key", "api_token", "virtual_number", "whatsapp_number", "sms_number"),
        *("email", "app_password"),
    }
    assert secret == {"api_key", "api_token", "app_password"}


def test_every_field_and_type_explains_itself_in_sentences() -> None:
    for definition in registry().values():
        assert definition.help.endswith(".")
        for field in definition.fields:
            assert field.help.endswith(".")
            assert field.example
            assert field.label
            assert len(field.label) <= 20


def test_every_default_and_every_example_is_accepted_by_its_own_type() -> None:
    for definition in registry().values():
        examples = {field.name: "x1y2" if field.secret else field.example for field in definition.fields} | {
            "api_key": "k1"
        }
        assert not validate(definition, {k: v for k, v in examples.items() if definition.field(k)}).problems
        defaults = {field.name: field.default for field in definition.fields if field.default}
        result = validate(definition, examples | defaults)
        assert not [name for name in result.problems if name in defaults]
        assert not [name for name in result.warnings if name in defaults]


def test_a_type_is_added_by_one_file(folder: Path) -> None:
    known = {*registry()}
    forget_types()
    (folder / "made_up.py").write_text(MADE_UP)
    pager = integration_type("pager")
    assert registry().keys() == known | {"pager"}
    assert form_values(pager, {"code": "123456", "tone": "buzz"}) == {"code": "", "tone": "buzz"}
    assert validate(pager, {"code": "123456", "tone": "ring"}).problems == {"tone": "One of beep, buzz."}
    assert validate(pager, {"code": "123456", "tone": "beep"}).credential == {"code": "123456", "tone": "beep"}
    assert validate(pager, {}).problems == {"code": "It is required."}


def test_two_modules_cannot_claim_one_name(folder: Path) -> None:
    (folder / "claims.py").write_text(MADE_UP.replace("pager", "zoho_mail"))
    with pytest.raises(ValueError, match="two integration types are called zoho_mail"):
        registry()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("exotel_fone", "exotel_phone"), ("Zoho-Mail", "zoho_mail"), ("sms", "exotel_sms"), ("\x1b[2J", None)],
)
def test_an_unknown_type_names_the_known_ones_and_the_nearest(name: str, nearest: str | None) -> None:
    with pytest.raises(UnknownType) as caught:
        integration_type(name)
    assert caught.value.what_to_do.endswith(f"The types are {', '.join(registry())}.")
    assert caught.value.what_to_do.startswith(f"Did you mean {nearest}?") is (nearest is not None)
    assert str(caught.value).isprintable()
    assert caught.value.exit_status == 2


def test_a_name_of_megabytes_is_not_repeated() -> None:
    with pytest.raises(UnknownType) as caught:
        integration_type("x" * 10_000_000)
    assert len(str(caught.value)) < 300


def test_a_known_type_is_returned_and_knows_its_fields() -> None:
    phone = integration_type("exotel_phone")
    number = phone.field("virtual_number")
    assert phone.title == "Exotel phone"
    assert number is not None
    assert number.stored_as_typed
    assert phone.field("nothing") is None


def test_a_type_that_nobody_knows_is_called_by_its_name() -> None:
    assert title_of("zoho_mail") == "Zoho Mail"
    assert title_of("pigeon_post") == "pigeon_post"


def test_titles_are_those_of_the_registry_with_files_of_ones_own_and_without(tmp_path: Path) -> None:
    for content in (None, GOOD):
        if content:
            (tmp_path / "acme_voice.toml").write_text(content)
        use_type_folders(TypeFolders(user=str(tmp_path)))
        titles = list(type_titles().items())
        assert titles == [(name, type_.title) for name, type_ in registry().items()]
        assert ("twilio", "Twilio") in titles
    assert titles[-1] == ("acme_voice", "Acme voice")
    use_type_folders(TypeFolders())


def test_no_file_of_the_package_is_read_for_titles_and_built_in_types() -> None:
    asks = "p.type_titles(); p.known_type('zoho_mail'); p.title_of('twilio'); p.integration_type('exotel_sms')"
    run = python(f"import sys, tui.providers as p; {asks}; print('tomllib' in sys.modules)")
    assert (run.stdout, run.stderr) == ("False\n", "")


def test_the_registry_needs_no_screen_no_driver_and_no_numbers() -> None:
    code = (
        "import sys, tui.providers as p; p.registry(); "
        "print([m for m in ('textual', 'psycopg', 'phonenumbers', 'httpx2') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
