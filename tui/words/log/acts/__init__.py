"""The sentence of each action, in tables by what it is about."""
