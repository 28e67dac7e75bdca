"""The audit log in words: rows, their details, and what an export calls them."""
