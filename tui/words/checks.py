"""What a check tells, in words."""

from __future__ import annotations


def change_words(kind: str, number: str, value: str) -> str:
    """Say what changed, as the end of a sentence that begins with the integration; "" where the kind is not known."""
    of_number = f"{number}: " if number else ""
    match kind:
        case "broke":
            return "does not work any more"
        case "recovered":
            return "works again"
        case "cut_off":
            return "a check was cut off, and only a test by hand may ask again"
        case "permission_expiring":
            expires_at = value.partition(" ")[2]
            return f"a permission expires on {expires_at[:10]} at {expires_at[11:16]} UTC"
        case "balance_low":
            return f"the balance is {value}, under its threshold"
        case "balance_recovered":
            return f"the balance is {value}, no longer under its threshold"
        case "number_outage":
            return f"{of_number}{value} calls are out"
        case "number_recovered":
            return f"{of_number}calls work again"
        case _:
            return ""
