"""Every qualifier in every part of the filter language: an entry in the table is all that a new one needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner

from tests.support.acme import ACME, opened
from tui.cli.request import Options
from tui.cli.root import switchboard
from tui.data.audit.completion import Completer
from tui.data.audit.filter import AuditFilter, parse_filter
from tui.data.audit.qualifiers import ALIASES, QUALIFIERS, Qualifier
from tui.data.audit.quoting import quoted
from tui.data.audit.where import where
from tui.errors import FilterError

DOCS = Path(__file__).parents[3] / "docs"
NOW = datetime(2026, 3, 11, 20, 15, 30, tzinfo=UTC)
EACH = pytest.mark.parametrize("qualifier", [pytest.param(each, id=each.name) for each in QUALIFIERS.values()])


def parse(text: str) -> AuditFilter:
    return parse_filter(text, now=NOW)


def with_one_id(audit_filter: AuditFilter) -> AuditFilter:
    """The filter as if everybody that it names were one id."""
    return replace(audit_filter, terms=tuple(replace(term, ids=(UUID(int=1),)) for term in audit_filter.terms))


@EACH
def test_its_example_is_parsed_as_it_and_written_so_that_it_means_the_same(qualifier: Qualifier) -> None:
    audit_filter = parse(qualifier.example.partition(" or ")[0])
    if qualifier.takes == "time":
        assert list(audit_filter.bounds) == [qualifier.name]
    else:
        assert [term.name for term in audit_filter.terms] == [qualifier.name]
        assert bool(audit_filter.terms[0].path) == (qualifier.takes == "path")
    assert audit_filter.canonical().startswith(qualifier.opening)
    assert parse(audit_filter.canonical()) == audit_filter


@EACH
def test_without_a_value_it_is_refused_with_its_example(qualifier: Qualifier) -> None:
    with pytest.raises(FilterError) as caught:
        parse(qualifier.opening)
    assert qualifier.example in caught.value.what_to_do
    if qualifier.refusal[0]:
        with pytest.raises(FilterError) as caught:
            parse(f"{qualifier.opening}no-such-value")
        assert (caught.value.sentence, caught.value.what_to_do) == qualifier.refusal


@EACH
def test_what_is_no_value_of_its_column_never_reaches_postgres(qualifier: Qualifier, database: str) -> None:
    """A column that is not text (uuid, inet, timestamptz) needs `read` and `refusal`: else a cast fails."""
    example = qualifier.example.partition(" or ")[0]
    typed = f"{example.partition(':')[0]}:no-such-value"
    try:
        condition = where(with_one_id(parse(typed)))
    except FilterError:
        return
    with psycopg.connect(database) as connection:
        query = f"select from integration_audit_logs as l where {condition.sql}"
        connection.execute(query.encode(), condition.parameters)


@EACH
def test_the_documents_name_it(qualifier: Qualifier) -> None:
    assert f"`{qualifier.opening}" in (DOCS / "reading_the_log.md").read_text(encoding="utf-8")


@EACH
async def test_what_it_means_in_sql_is_a_condition_also_where_it_is_negated(
    qualifier: Qualifier, database: str
) -> None:
    example = qualifier.example.partition(" or ")[0]
    conditions = [where(with_one_id(parse(f"{sign}{example}"))) for sign in ("", "-")]
    assert conditions[0].sql != conditions[1].sql
    with psycopg.connect(database) as connection:
        for condition in conditions:
            assert condition.sql != "true"
            query = f"select from integration_audit_logs as l where {condition.sql}"
            connection.execute(query.encode(), condition.parameters)


@EACH
async def test_it_is_offered_with_a_note_and_what_completes_it_is_a_filter(qualifier: Qualifier, database: str) -> None:
    async with opened(database) as reading:
        completer = Completer(reading, ACME)
        (offer,) = (await completer.complete(qualifier.name, len(qualifier.name))).candidates
        values = await completer.complete(qualifier.opening, len(qualifier.opening))
    assert offer.text == qualifier.opening
    assert offer.note == qualifier.note != ""
    texts = [value.text for value in values.candidates]
    assert {quoted(value) for value in qualifier.offered} <= {*texts}
    assert all(parse(qualifier.opening + text) for text in texts)


@EACH
@pytest.mark.parametrize("command", ["list", "export", "stats", "tail"])
def test_the_help_of_each_command_names_it(qualifier: Qualifier, command: str) -> None:
    result = CliRunner().invoke(switchboard, ["audit", command, "--help"], obj=Options())
    assert f" {qualifier.usage}" in result.output


def test_no_name_stands_for_two_qualifiers() -> None:
    aliases = [alias for qualifier in QUALIFIERS.values() for alias in qualifier.aliases]
    assert len(aliases) == len(ALIASES)
    assert not ALIASES.keys() & QUALIFIERS.keys()
