"""Section 1, integrations."""
