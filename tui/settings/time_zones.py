"""Time zones of the tz database by name, and a suggestion for a text that names none."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, available_timezones

_ZONES_BY_ABBREVIATION = {
    "IST": "Asia/Kolkata (India), Europe/Dublin (Ireland) or Asia/Jerusalem (Israel)",
    "EST": "America/New_York (United States) or Australia/Sydney (Australia)",
    "CST": "America/Chicago (United States), Asia/Shanghai (China) or America/Havana (Cuba)",
    "MST": "America/Denver (United States), America/Phoenix (Arizona) or Asia/Kuala_Lumpur (Malaysia)",
    "PST": "America/Los_Angeles (United States) or Asia/Manila (Philippines)",
    "BST": "Europe/London (United Kingdom) or Asia/Dhaka (Bangladesh)",
    "AST": "America/Halifax (Canada) or Asia/Riyadh (Arabia)",
    "GST": "Asia/Dubai (the Gulf)",
    "SST": "Asia/Singapore (Singapore) or Pacific/Pago_Pago (Samoa)",
    "SGT": "Asia/Singapore",
    "PKT": "Asia/Karachi",
    "NPT": "Asia/Kathmandu",
    "JST": "Asia/Tokyo",
    "HKT": "Asia/Hong_Kong",
    "EDT": "America/New_York",
    "CDT": "America/Chicago",
    "MDT": "America/Denver",
    "PDT": "America/Los_Angeles",
    "AEST": "Australia/Sydney",
    "CEST": "Europe/Berlin",
    "EEST": "Europe/Helsinki",
    "WEST": "Europe/Lisbon",
    "SAST": "Africa/Johannesburg",
}
# What the tz database holds besides the zones of places: other countings of seconds, and the mark of an unset clock.
_PREFIXES_OF_NO_PLACE = ("right/", "posix", "Factory")
# The tz database knows these as fixed distances from UTC, which is the meaning of only some who write them.
_AMBIGUOUS = frozenset({"EST", "MST"})
_OFFSET = re.compile(r"(?:GMT|UTC|Z)?\s*([+-])\s*(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE)
# Where the distance is no whole number of hours, in the standard time of the places.
_ZONE_BY_OFFSET = {
    "+3:30": "Asia/Tehran",
    "+4:30": "Asia/Kabul",
    "+5:30": "Asia/Kolkata",
    "+5:45": "Asia/Kathmandu",
    "+6:30": "Asia/Yangon",
    "+8:45": "Australia/Eucla",
    "+9:30": "Australia/Darwin",
    "+10:30": "Australia/Lord_Howe",
    "+12:45": "Pacific/Chatham",
    "-3:30": "America/St_Johns",
    "-9:30": "Pacific/Marquesas",
}


def time_zone(text: str) -> tzinfo | None:
    """Return the zone of a name of the tz database; None for any other, and for a name with two meanings (EST).

    `right/...` counts leap seconds, `posix/...` is another name of each zone, and Factory is no zone.
    """
    name = text.strip()
    if name.upper() == "UTC":
        # Needs no time zone database, which a small machine may lack.
        return UTC
    if name.upper() in _AMBIGUOUS or name.startswith(_PREFIXES_OF_NO_PLACE):
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        return None


def suggest_zone(text: str) -> str | None:
    """Return the names of the zones that a text may mean: an abbreviation, a distance from UTC, a city, a country.

    Similar letters alone suggest nothing, but for a city misspelt by a letter behind its region. None for any other.
    """
    name = text.strip()
    offset = _OFFSET.fullmatch(name)
    if offset:
        return _zone_at(offset[1], int(offset[2]), int(offset[3] or 0))
    if name.upper() in _ZONES_BY_ABBREVIATION:
        return _ZONES_BY_ABBREVIATION[name.upper()]
    zones = sorted(zone for zone in available_timezones() if not zone.startswith(_PREFIXES_OF_NO_PLACE))
    word = name.replace(" ", "_").casefold()
    matches = [zone for zone in zones if word in {zone.casefold(), zone.rpartition("/")[2].casefold()}]
    matches = matches or _zones_of_country(name)
    return " or ".join(matches[:3] or _zones_by_similar_city(word, zones)) or None


def _zones_by_similar_city(word: str, zones: list[str]) -> list[str]:
    """Return the zone of the same region whose city differs in hardly a letter: Mumbai is no misspelt Dubai."""
    region, _, city = word.rpartition("/")
    cities = {zone.casefold().rpartition("/")[2]: zone for zone in zones if zone.casefold().startswith(f"{region}/")}
    return [cities[match] for match in difflib.get_close_matches(city, cities, n=1, cutoff=0.9)]


def _zone_at(sign: str, hours: int, minutes: int) -> str | None:
    """Return the zone at a distance from UTC; the tz database's Etc/GMT zones have the sign reversed."""
    zone_of_table = _ZONE_BY_OFFSET.get(f"{sign}{hours}:{minutes:02}")
    if zone_of_table or minutes:
        return zone_of_table
    if not hours:
        return "UTC"
    zone = f"Etc/GMT{'-' if sign == '+' else '+'}{hours}"
    if zone not in available_timezones():
        return None
    ahead = ZoneInfo(zone).utcoffset(datetime(2000, 1, 1)) or timedelta()
    hours = round(ahead / timedelta(hours=1))
    return f"{zone}, which is {abs(hours)} h {'ahead of' if hours > 0 else 'behind'} UTC, or of a city"


def _zones_of_country(name: str) -> list[str]:
    """Return the zones of a country by its English name, from the tables that come with the tz database."""
    for folder in TZPATH:
        try:
            countries = Path(folder, "iso3166.tab").read_text(encoding="utf-8")
            zones = Path(folder, "zone.tab").read_text(encoding="utf-8")
        except OSError:
            continue
        rows = [line.split("\t") for line in countries.splitlines() if not line.startswith("#")]
        code = next((row[0] for row in rows if len(row) > 1 and row[1].casefold() == name.casefold()), None)
        lines = [line.split("\t") for line in zones.splitlines() if not line.startswith("#")]
        return [line[2] for line in lines if code is not None and len(line) > 2 and line[0] == code]
    return []
