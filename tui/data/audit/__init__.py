"""Reading the audit log at any size: filter, pages, counts, tail and export."""
