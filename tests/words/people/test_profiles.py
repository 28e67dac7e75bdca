"""The colour of a profile, and that a red one says so in a word."""

from __future__ import annotations

from tui.words.people.profiles import profile_colour, profile_label


def test_production_is_red_unless_somebody_chose_otherwise_and_a_red_one_says_so_in_a_word() -> None:
    for name, label in {
        "production": "PRODUCTION",
        "prod": "PRODUCTION: prod",
        "prod-eu": "PRODUCTION: prod-eu",
    }.items():
        assert profile_colour(name, {}) == "red"
        assert profile_label(name, "red") == label
        assert profile_label(name, profile_colour(name, {name: "green"})) == name
    for name in ("staging", "pro", "my-production"):
        assert profile_colour(name, {}) == "none"
    assert profile_label("live", profile_colour("live", {"live": "red"})) == "PRODUCTION: live"
