"""The commands `setup`, `schema` and `doctor`."""
