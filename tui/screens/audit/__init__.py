"""Section 4, the audit log."""
