"""The commands `help` and `version`: what the program says of itself."""
