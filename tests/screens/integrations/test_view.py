"""How an integration reads in the list and below it: its name, state and connection, the orders and the filter."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from tests.support.acme import ACME
from tui.data.integrations.authors import Authors
from tui.models.integrations import Integration
from tui.providers.naming import full_name
from tui.screens.integrations.view import COLUMNS, SORTS, detail, matches, row_of, sort_key
from tui.widgets.glyphs import UNICODE
from tui.widgets.row_list import GAP, layout_columns

EARLIER, LATER = datetime(2026, 3, 1, 9, 30, tzinfo=UTC), datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
STORED = Integration(
    UUID(int=7),
    ACME,
    "exotel_phone",
    is_active=True,
    created_at=EARLIER,
    updated_at=EARLIER,
    envelope_format="sb2",
    people_with_access=2,
    phone_numbers=1,
)
VERIFIED = STORED._replace(is_verified=True, last_verified_at=EARLIER)


def cells(integration: Integration) -> list[str]:
    return [cell.text.strip() for cell in row_of(integration, UNICODE).cells]


def lines(integration: Integration) -> list[str]:
    whole = detail(integration, Authors(changed="~asha", created=None, tested="Ravi"), None, UTC, UNICODE)
    return [f"{line.label}{line.text}" for line in whole]


def test_no_column_of_the_list_is_ever_cut() -> None:
    for width in range(59, 200):
        shown = layout_columns(COLUMNS, width)
        assert sum(cells for _, cells in shown) + GAP * (len(shown) - 1) <= width


def test_an_integration_is_called_by_its_name_with_its_type() -> None:
    shipment = Integration(ACME, ACME, "exotel_whatsapp", "Shipment updates")
    names = [
        full_name(integration)
        for integration in (
            shipment,
            shipment._replace(display_name=None),
            shipment._replace(place=(2, 3), display_name="Exotel WhatsApp"),
        )
    ]
    assert names == ["Shipment updates (Exotel WhatsApp)", "Exotel WhatsApp", "Exotel WhatsApp, row 2 of 3"]


def test_a_row_says_state_connection_and_use() -> None:
    assert cells(STORED._replace(display_name="Dispatch line")) == [
        *("Dispatch line", "Exotel phone", "● active", "not tested", "", "2", "1", "")
    ]
    assert cells(STORED._replace(is_active=False))[2] == "○ disabled"
    assert cells(Integration(None, ACME, "exotel_sms")) == [
        "Exotel SMS",
        "Exotel SMS",
        "not set up",
        "",
        "",
        "",
        "",
        "",
    ]
    # What is not known yet is not called active.
    assert cells(STORED._replace(unreadable="not tried"))[2] == "◌ checking"
    assert cells(STORED._replace(unreadable="other key"))[2:4] == ["✗ unreadable", "another key"]
    failing = STORED._replace(failing=True, tested_at=EARLIER)
    assert cells(failing)[3].startswith("✗ failed, ")
    assert cells(failing._replace(test_failure="401 key refused"))[3].startswith("✗ 401 key refused, ")
    assert cells(VERIFIED._replace(proven=True))[3].startswith("✓ works, ")
    assert cells(VERIFIED)[3] == "▲ unproven"
    assert cells(VERIFIED._replace(proven=True, unknown_since=EARLIER))[3].startswith("▲ unknown, ")
    hidden = STORED._replace(unreadable="not visible", envelope_format=None, people_with_access=None)
    assert cells(hidden)[2:6] == ["● active", "not tested", "", "hidden"]


def test_the_detail_says_who_and_when_and_what_is_not_known() -> None:
    assert lines(VERIFIED) == [
        "Exotel phone (exotel_phone)",
        "State       active",
        "Connection  verified 2026-03-01 09:30 UTC by another program, unproven",
        "Used by     2 people have access; 1 number",
        "Changed     2026-03-01 09:30 UTC by ~asha",
        "Created     2026-03-01 09:30 UTC by somebody unknown",
        "Envelope    sb2",
    ]
    assert lines(VERIFIED._replace(proven=True))[2] == "Connection  verified 2026-03-01 09:30 UTC by Ravi"
    assert lines(VERIFIED._replace(proven=True, unknown_since=EARLIER))[2:4] == [
        "Connection  unknown since 2026-03-01 09:30 UTC: the provider was not reached; test it again",
        "Before      verified 2026-03-01 09:30 UTC by Ravi",
    ]
    assert lines(STORED._replace(unreadable="other key"))[1] == (
        "State       unreadable: written with another master key"
    )
    assert lines(STORED._replace(unreadable="not visible"))[-1] == "Envelope    not visible to your role"
    assert lines(STORED._replace(place=(1, 2)))[0] == "Exotel phone (exotel_phone), one of 2 rows of this type"
    assert lines(Integration(None, ACME, "exotel_sms"))[1:] == ["Not set up in this organisation; enter sets it up."]


def test_what_needs_somebody_and_what_is_newest_comes_first() -> None:
    missing, disabled = Integration(None, ACME, "exotel_sms"), STORED._replace(is_active=False)
    unreadable = STORED._replace(unreadable="altered")
    newer = VERIFIED._replace(last_verified_at=LATER, updated_at=LATER)
    for order, expected in (
        ("type", [missing, disabled, VERIFIED, unreadable, newer]),
        ("state", [unreadable, VERIFIED, newer, disabled, missing]),
        ("last verified", [newer, VERIFIED, missing, disabled, unreadable]),
        ("last changed", [newer, disabled, VERIFIED, unreadable, missing]),
    ):
        assert order in SORTS
        found = sorted([missing, disabled, VERIFIED, unreadable, newer], key=lambda one: sort_key(order, one))
        assert found == expected, order


def test_a_filter_looks_at_title_type_name_and_state_in_any_case() -> None:
    named = STORED._replace(display_name="Dispatch line")
    for text, found in (
        ("EXOTEL PH", True),
        ("exotel_phone", True),
        ("dispatch", True),
        ("activ", True),
        ("disabled", False),
    ):
        assert matches(named, text) is found, text
