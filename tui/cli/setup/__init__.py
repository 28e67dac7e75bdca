"""The commands `demo`, `setup`, `schema` and `doctor`."""
