"""How permissions read: headings, rows and cells of the grid, the lines below it, and a change in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.permissions.listing import Use
from tui.data.permissions.values import state_of
from tui.data.rights import RIGHTS
from tui.providers import title_of
from tui.widgets.grid_cells import Bar, GridCell, GridColumn, GridRow, has_bars, has_figures
from tui.widgets.text_lines import TextLine
from tui.words.counts import counted
from tui.words.people.names import NAME_MOST
from tui.words.people.permissions import holder_in_full, limit_changes, rights_words, until_words
from tui.words.text import safe_text
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo
    from uuid import UUID

    from tui.data.permissions.apply import Applied
    from tui.data.permissions.listing import Holder, Standing
    from tui.data.permissions.staging import ChangeKind, Staged
    from tui.data.permissions.values import Access, Cell, CellState
    from tui.models.integrations import Integration
    from tui.widgets.frame import Tone
    from tui.widgets.glyphs import Glyphs

STAGED = "*"
DETAIL_BAR = 10
LABEL = 10
READING_USE = "loading …"


def heading(integration: Integration, glyphs: Glyphs) -> GridColumn:
    """Return the heading of an integration: its provider over its kind, with whether it is disabled."""
    provider, _, kind = safe_text(title_of(integration.integration_type), 40).partition(" ")
    if not kind:
        provider, kind = "", provider
    if integration.is_active:
        return GridColumn(provider, kind)
    if not provider:
        return GridColumn(f"{glyphs.empty} disabled", kind, "quiet")
    return GridColumn(f"{glyphs.empty} {provider}", f"{kind} disabled", "quiet")


def letters(access: Access) -> str:
    """Return the rights as a letter each: VS- is view and send."""
    return "".join(right.letter if access.has(right.name) else "-" for right in RIGHTS.values())


def person_sign(standing: Standing, glyphs: Glyphs) -> str:
    """Return the sign before somebody who is not simply one of the organisation's active people."""
    signs = {"inactive": glyphs.empty, "of another organisation": glyphs.arrow, "not in the directory": glyphs.bad}
    return signs.get(standing, "")


def expiry_sign(state: CellState, glyphs: Glyphs) -> tuple[str, Tone]:
    """Return the sign and the tone that tell expired, 7 days and 30 days apart."""
    signs: dict[CellState, tuple[str, Tone]] = {
        "none": ("", "quiet"),
        "active": ("", "plain"),
        "expires within 30 days": (glyphs.busy, "plain"),
        "expires within 7 days": (glyphs.warning, "warning"),
        "expired": (glyphs.bad, "bad"),
    }
    return signs[state]


def legend(glyphs: Glyphs, column: int) -> str:
    """Return what the letters and signs of a cell mean, and how limits are shown in a column of that width."""
    letters = " ".join(f"{right.letter} {right.name}" for right in RIGHTS.values())
    limits = "d m share of day, month limit" if has_bars(column) else ""
    limits = "3/50 day, mo: 3 of 50 sent, UTC" if has_figures(column) else limits
    return f"{letters}  {glyphs.bad} expired {glyphs.warning} soon  {limits}".rstrip()


def row_view(
    holder: Holder,
    cells: Sequence[Cell],
    integrations: Sequence[Integration],
    staged: Staged,
    used: Mapping[tuple[UUID, str], Use] | None,
    now: datetime,
    glyphs: Glyphs,
) -> GridRow:
    """Return a person's row, with what is staged in place of what is stored."""
    views = []
    for cell, integration in zip(cells, integrations, strict=True):
        access = staged.access(cell)
        use = None if used is None else used.get((holder.id, integration.integration_type), Use())
        views.append(_cell_view(access, cell, integration, staged, use, now, glyphs))
    tone: Tone = "plain" if holder.standing == "active" else "quiet"
    return GridRow(safe_text(holder.label, 80), tuple(views), person_sign(holder.standing, glyphs), tone)


def _cell_view(
    access: Access,
    cell: Cell,
    integration: Integration,
    staged: Staged,
    use: Use | None,
    now: datetime,
    glyphs: Glyphs,
) -> GridCell:
    sign, tone = expiry_sign(state_of(access, now), glyphs)
    changed = staged.is_changed(cell.key)
    if not integration.is_active:
        tone = "quiet"
    if changed and tone in ("plain", "quiet"):
        tone = "warning"
    return GridCell(letters(access), STAGED if changed else "", sign, bars(access, use), tone)


def bars(access: Access, use: Use | None) -> tuple[Bar, ...]:
    """Return a bar for each limit that is set: d for today, m for this month; none while the use is not known."""
    if use is None:
        return ()
    both = (("day", use.today, access.daily_limit), ("mo", use.this_month, access.monthly_limit))
    return tuple(
        Bar(of[0], _share(count, limit), (f"{count:,}/{limit:,} {of}", *_short_figures(count, limit, of)))
        for of, count, limit in both
        if limit is not None
    )


def longest_cell(access: Access) -> int:
    """Return the cells that it needs with its limits used up, in figures."""
    used_up = Use(access.daily_limit or 0, access.monthly_limit or 0)
    figures = "  ".join(bar.figures[0] for bar in bars(access, used_up))
    return len(f"{STAGED}{letters(access)}  {figures}".rstrip()) if figures else len(RIGHTS) + 2


def _short_figures(count: int, limit: int, of: str) -> tuple[str, ...]:
    """Return the same with thousands as k, where that is exactly the limit."""
    return (f"{_thousands(count)}/{_thousands(limit)} {of}",) if limit % 100 == 0 else ()


def _thousands(number: int) -> str:
    return str(number) if number < 1_000 else f"{number // 100 / 10:g}k"


def _share(count: int, limit: int) -> float:
    return count / limit if limit > 0 else 1.0


def use_words(access: Access, use: Use | None) -> str:
    """Return what was sent today and this month, against the limits where there are some; None is not read yet."""
    if use is None:
        return READING_USE
    return "   ".join(f"{count:,}{_of(count, limit)} {when}" for when, count, limit in _both(access, use))


def use_facts(access: Access, use: Use | None) -> tuple[tuple[str, str], ...]:
    """Return the same, each with a label of its own."""
    if use is None:
        return (("Sent", READING_USE),)
    labels = zip(("Today", "Month"), _both(access, use), strict=True)
    return tuple((label, f"{count:,} sent{_of(count, limit) or ', no limit'}") for label, (_, count, limit) in labels)


def _both(access: Access, use: Use) -> tuple[tuple[str, int, int | None], ...]:
    return ("today", use.today, access.daily_limit), ("this month", use.this_month, access.monthly_limit)


def _of(count: int, limit: int | None) -> str:
    return "" if limit is None else f" of {limit:,} {Bar('', _share(count, limit)).drawn(DETAIL_BAR)}"


def detail(
    holder: Holder,
    cell: Cell,
    integration: Integration,
    staged: Staged,
    sent: str,
    granter: str,
    now: datetime,
    zone: tzinfo,
    *,
    is_selection: bool = False,
) -> tuple[TextLine, ...]:
    """Return the lines below the grid about the cell under the cursor; `sent` says how much it was used.

    Beside a selection of several cells they say of whom they are, since the first line then is of the selection.
    """
    access = staged.access(cell)
    title = safe_text(title_of(integration.integration_type), 40)
    off = "" if integration.is_active else " (disabled)"
    of_whom = f"{safe_text(holder.label, NAME_MOST)}, " if is_selection else ""
    words = f"{of_whom}{title}{off}: {_rights_and_before(cell.access, access)}"
    if staged.is_changed(cell.key):
        words += f"  {STAGED} {', '.join(('staged', *limit_changes(cell.access, access)))}"
    when = _granted(cell, granter, zone)
    until = "   ".join(filter(None, (_until_and_before(cell.access, access, now, zone), when and f"granted {when}")))
    return (
        TextLine(holder_in_full(holder), label="Person".ljust(LABEL)),
        TextLine(words, label="Access".ljust(LABEL)),
        TextLine(until, label=("Expires" if until else "").ljust(LABEL)),
        TextLine(sent, label="Sent".ljust(LABEL)),
    )


def detail_beside(
    holder: Holder,
    cell: Cell,
    integration: Integration,
    staged: Staged,
    sent: Sequence[tuple[str, str]],
    granter: str,
    now: datetime,
    zone: tzinfo,
) -> tuple[TextLine, ...]:
    """Return the same for beside the grid, one thing a line, with the person's name as its title.

    `sent` are labels and what they say of how much it was used.
    """
    access, stored = staged.access(cell), cell.access
    off = "" if integration.is_active else " (disabled)"
    facts = [
        ("Person", holder_in_full(holder)),
        ("For", f"{safe_text(title_of(integration.integration_type), 40)}{off}"),
        ("May", _rights_and_before(stored, access)),
        ("Expires", _until_and_before(stored, access, now, zone)),
        *(sent if access.rights or stored.rights else ()),
        ("Granted", _granted(cell, granter, zone)),
    ]
    lines = [TextLine(text, label=label.ljust(LABEL)) for label, text in facts if text]
    changes = _staged_words(stored, access) if staged.is_changed(cell.key) else ()
    # Last, and blank where nothing is staged, so that a toggle moves no line: that sent 1.1 KB at 120x40.
    last = [TextLine(change, label="Staged".ljust(LABEL)) for change in changes] or [TextLine("")]
    return (TextLine(safe_text(holder.label, 80)), *lines, *last)


def _granted(cell: Cell, granter: str, zone: tzinfo) -> str:
    """Return when what is stored was granted and by whom, "" where that is not known."""
    at = cell.grant.granted_at if cell.grant else None
    by = f"by {granter}" if granter else ""
    return f"{to_the_minute(at, zone) if at else ''} {by}".strip()


def _rights_and_before(stored: Access, access: Access) -> str:
    """Return the rights that a cell will give, and in brackets those that it gives now where they differ."""
    words, before = rights_words(access), rights_words(stored)
    return words if words == before else f"{words} (was {before})"


def _until_and_before(stored: Access, access: Access, now: datetime, zone: tzinfo) -> str:
    """Return the same of when it ends; "" where nothing is given, neither now nor then."""
    if not stored.rights:
        return until_words(access, now, zone) if access.rights else ""
    before = to_the_minute(stored.expires_at, zone)
    if not access.rights:
        return f"(was {before})"
    words = until_words(access, now, zone)
    return words if access.expires_at == stored.expires_at else f"{words} (was {before})"


def _staged_words(stored: Access, access: Access) -> Sequence[str]:
    return limit_changes(stored, access) or ("not yet applied",)


def letter_change(before: Access, after: Access, glyphs: Glyphs) -> str:
    """Return the rights before and after, once where they stay."""
    old, new = letters(before), letters(after)
    return old if old == new else f"{old} {glyphs.arrow} {new}"


def applied_words(applied: Applied) -> str:
    """Return what was written, in counts."""
    kinds: tuple[ChangeKind, ...] = ("grant", "change", "revoke")
    return ", ".join(counted(number, kind) for kind in kinds if (number := applied.count(kind))) or "nothing"
