"""The commands, each a thin twin of a screen action."""
