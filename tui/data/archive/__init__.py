"""Months of the log in files: written, proven against their seals, removed from the log, and read again."""
