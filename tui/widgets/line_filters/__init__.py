"""What every line passes on its way to the terminal: control characters, colours, and ASCII alone."""
