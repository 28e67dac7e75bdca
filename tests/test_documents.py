"""The documents promise what the program has: keys, commands, variables, files and pictures are compared with it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.generate.key_tables import key_table, key_table_in_document
from tui.settings.settings import MASTER_KEY_NAMES, PREVIOUS_KEY_NAMES, SERVICE_ROLE_NAME, SWITCHBOARD_NAMES

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
NAMES = (*MASTER_KEY_NAMES, *PREVIOUS_KEY_NAMES, *SWITCHBOARD_NAMES, SERVICE_ROLE_NAME, "DATABASE_URL")
# What a document may name below these folders, with or without an ending of its own.
PATHS = re.compile(r"`((?:tui|tests|sql|docs|\.ci)/[\w./-]*\w/?)`|\b((?:tui|tests)/[\w/]+\.(?:py|tcss|sql))\b")
METHODS = re.compile(r"\b([A-Z]\w+)\.(_?[a-z]\w+)\b")
COMMAND_MODULES = re.compile(r"python -m (tests\.[\w.]+)")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_begins_with_the_two_promised_commands() -> None:
    promised = text_of("README.md").split("```")[1].strip().splitlines()
    assert [line.partition("  ")[0] for line in promised] == ["uv run switchboard demo", "uv run pytest"]


def test_the_key_table_is_the_one_the_bindings_give() -> None:
    assert key_table_in_document() == key_table()


def test_every_variable_is_in_the_configuration_table_and_in_the_example() -> None:
    table, example = text_of("docs/configuration.md"), text_of(".env.example")
    for name in NAMES:
        assert f"`{name}`" in table, name
        assert re.search(rf"^(# )?{name}=", example, re.MULTILINE), name


def test_every_picture_is_there() -> None:
    pictures = {
        (document.parent / picture)
        for document in DOCUMENTS
        for picture in re.findall(r"\[[^\]]*\]\(([^)]+\.svg)\)", document.read_text(encoding="utf-8"))
    }
    assert len(pictures) >= 8
    for picture in pictures:
        svg = picture.read_text(encoding="utf-8")
        assert "<svg" in svg
        assert "http" not in svg.replace("http://www.w3.org", "")


def test_every_document_is_linked_from_the_readme_and_every_link_leads_somewhere() -> None:
    linked = set()
    for document in DOCUMENTS:
        for target in re.findall(r"(?<!!)\[[^\]]*\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).is_file(), (document.name, target)
            if document.name == "README.md":
                linked.add((document.parent / target).resolve())
    assert set(DOCUMENTS[1:]) - linked == set()


def test_every_file_and_module_that_a_document_names_is_there() -> None:
    named = 0
    for document in DOCUMENTS:
        if document.name == "changelog.md":
            continue
        text = document.read_text(encoding="utf-8")
        for quoted, bare in PATHS.findall(text):
            assert (ROOT / (quoted or bare)).exists(), (document.name, quoted or bare)
            named += 1
        for module in COMMAND_MODULES.findall(text):
            assert (ROOT / f"{module.rstrip('.').replace('.', '/')}.py").is_file(), (document.name, module)
            named += 1
    assert named > 100


def test_every_method_that_the_architecture_names_is_there() -> None:
    source = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tui").rglob("*.py"))
    methods = METHODS.findall(text_of("docs/architecture.md"))
    assert len(methods) > 10
    for owner, method in methods:
        assert re.search(rf"^class {owner}\b", source, re.MULTILINE), owner
        assert f"def {method}(" in source, (owner, method)


def test_the_three_messages_people_search_for_are_explained() -> None:
    for message in (
        "ENCRYPTION_MASTER_KEY not configured",
        'relation "integration_credentials" does not exist',
        "permission denied",
    ):
        assert message in text_of("docs/troubleshooting.md")


def test_the_two_diagrams_of_layers_say_what_the_contracts_say() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    blocks = text_of("docs/architecture.md").split("```")[1::2][: len(layers)]
    drawn = [[re.split(" {2,}", line)[0] for line in block.strip().splitlines()] for block in blocks]
    assert drawn == layers
