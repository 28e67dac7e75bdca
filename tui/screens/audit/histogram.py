"""The time that the rows of a filter span, where the cursor is in it, and on demand how many there were when."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from tui.data.audit.counts import Histogram, count_buckets, plan_histogram
from tui.errors import SwitchboardError
from tui.screens.background import background
from tui.screens.paging_pane import ReadFailed
from tui.widgets.time_ruler import Scale, Series, TimeRuler
from tui.words.times import day, hour_of_year

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from tui.data.audit.counts import Bucket
    from tui.data.audit.filter import AuditFilter
    from tui.data.postgres.database import Database

DRAWN_EVERY_S = 0.1


class AuditHistogram(TimeRuler):
    """Plans with two looks into an index; counts only while its bars are shown, and for three seconds at most."""

    def __init__(self) -> None:
        super().__init__(id="ruler")
        self._histogram: Histogram | None = None
        self._counted: dict[datetime, Bucket] = {}
        self._source: tuple[Database, AuditFilter] | None = None
        self._zone: tzinfo | None = None
        self._shows_bars = False
        self._counting = False
        # Which count is the last that was begun: one that is cancelled may end after the next has begun.
        self._turn = 0

    async def measure(self, database: Database, audit_filter: AuditFilter, zone: tzinfo) -> None:
        """Show the time that the filter's rows span. Raises what reading raises."""
        self.stop()
        histogram = await plan_histogram(database, audit_filter, zone, most=self.track)
        if not self.is_mounted:
            return
        self._histogram, self._source, self._zone, self._counted = histogram, (database, audit_filter), zone, {}
        self.show(_scale(histogram, zone))
        self._draw()
        if self._shows_bars:
            self._count()

    def forget(self) -> None:
        """Show nothing until something is measured: what is shown is of other rows."""
        self.stop()
        self._histogram, self._source, self._counted = None, None, {}
        self.show(None)
        self.mark(None)
        self._draw()

    def mark_time(self, moment: datetime | None) -> None:
        """Put the marker at a moment; None takes it away."""
        self.mark(None if moment is None or self._histogram is None else _share(self._histogram, moment))

    def toggle(self) -> None:
        """Show the histogram, counting what has not been counted, or hide it."""
        self._shows_bars = not self._shows_bars
        self.stop()
        self._draw()
        if self._shows_bars and self._histogram is not None and len(self._counted) < len(self._histogram.spans):
            self._count()

    def stop(self) -> bool:
        """Stop counting, on the server too; whether anything was being counted."""
        counting, self._counting = self._counting, False
        self.workers.cancel_group(self, "count")
        if counting:
            self._draw()
        return counting

    @background("count")
    async def _count(self) -> None:
        histogram, source = self._histogram, self._source
        if histogram is None or source is None:
            return
        self._counting, self._turn = True, self._turn + 1
        turn = self._turn
        drawn = time.monotonic()
        try:
            async for bucket in count_buckets(*source, histogram):
                if not self.is_mounted or histogram is not self._histogram:
                    return
                self._counted[bucket.start] = bucket
                if time.monotonic() - drawn > DRAWN_EVERY_S:
                    drawn = time.monotonic()
                    self._draw()
        except SwitchboardError as failure:
            self.post_message(ReadFailed(failure))
        finally:
            if turn == self._turn:
                self._counting = False
        if self.is_mounted:
            self._draw()

    def _draw(self) -> None:
        histogram = self._histogram
        if not self._shows_bars or histogram is None or not histogram.spans:
            self.draw(())
            return
        buckets = [self._counted.get(span.start) for span in reversed(histogram.spans)]
        rows = tuple(None if bucket is None else bucket.rows for bucket in buckets)
        failed = tuple(None if bucket is None else bucket.failed for bucket in buckets)
        self.draw(
            (
                Series("rows", rows, _most(rows, histogram)),
                Series("failed", failed, _most(failed, histogram), "bad"),
            )
        )


def _most(values: tuple[int | None, ...], histogram: Histogram) -> str:
    most = max((value for value in values if value is not None), default=None)
    if not most:
        return "" if most is None else "none"
    return f"max {f'{most:,}' if most < 1_000_000 else f'{most / 1_000_000:.1f} M'}/{histogram.unit}"


def _scale(histogram: Histogram, zone: tzinfo) -> Scale | None:
    if not histogram.spans:
        return None
    last = histogram.spans[0].end - timedelta(microseconds=1)
    text = hour_of_year if histogram.unit == "hour" else day
    return Scale(text(histogram.spans[-1].start, zone), text(last, zone))


def _share(histogram: Histogram, moment: datetime) -> float | None:
    """Where a moment is on a ruler on which every unit is as wide as the others."""
    count = len(histogram.spans)
    for place, span in enumerate(reversed(histogram.spans)):
        if moment < span.end:
            into = (moment - span.start) / (span.end - span.start)
            return (place + max(0.0, into)) / count
    return 1.0 if count else None
