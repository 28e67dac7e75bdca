"""The commands `integrations`."""
