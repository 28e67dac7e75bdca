"""Section 2, permissions."""
