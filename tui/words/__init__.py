"""How things are called and shown to people, the same on a screen and in a command."""
