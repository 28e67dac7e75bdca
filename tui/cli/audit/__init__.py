"""The commands `audit`."""
