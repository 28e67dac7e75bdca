"""What the log says of rights: granted, changed and revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.words.log.details import enumerated, rights_in, value_words

if TYPE_CHECKING:
    from tui.words.log.acts.parts import Sentence, Side
    from tui.words.log.details import Told


def _holder(told: Told) -> str:
    return told.person(told.side("row").get("user_id"))


def _granted(told: Told) -> str:
    after = told.side("after")
    rights = enumerated(rights_in(after)) or "no right"
    terms = [f"until {told.day(after['expires_at'])}"] if after.get("expires_at") else []
    terms += [_limit(after, period) for period in ("daily", "monthly") if after.get(f"{period}_limit") is not None]
    return ", ".join([f"{_holder(told)}: {rights} on {told.on}", *terms])


def _limit(side: Side, period: str) -> str:
    limit = side.get(f"{period}_limit")
    if limit is None:
        return f"no {period} limit"
    words = f"{limit:,}" if type(limit) is int and abs(limit) < 10**12 else value_words(limit)
    return f"{words} a {'day' if period == 'daily' else 'month'}"


def _permission_changed(told: Told) -> str:
    after = told.side("after")
    gained = enumerated(rights_in(after))
    lost = enumerated([right for right in rights_in(after, given=False) if told.side("before").get(f"can_{right}")])
    rights = ", ".join([f"now also {gained}"] * bool(gained) + [f"no longer {lost}"] * bool(lost))
    terms = []
    if "expires_at" in after:
        terms.append(f"until {told.day(after['expires_at'])}" if after["expires_at"] else "without expiry")
    terms += [_limit(after, period) for period in ("daily", "monthly") if f"{period}_limit" in after]
    if not rights and not terms:
        return f"{_holder(told)}: the same on {told.on}, granted again"
    return ", ".join([f"{_holder(told)}: {rights} on {told.on}" if rights else f"{_holder(told)} on {told.on}", *terms])


def _revoked(told: Told) -> str:
    rights = enumerated(rights_in(told.side("before"))) or "anything"
    cascade = ", deleted with it" if told.details.get("cascade") is True else ""
    return f"{_holder(told)}: no longer {rights} on {told.on}{cascade}"


OF_PERMISSIONS: dict[str, Sentence] = {
    "permission_granted": _granted,
    "permission_changed": _permission_changed,
    "permission_revoked": _revoked,
}
