"""The commands `permissions`."""
