"""Exporting the audit log to a file or a stream, and checking such a file."""
