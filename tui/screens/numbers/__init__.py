"""Section 3, phone numbers."""
