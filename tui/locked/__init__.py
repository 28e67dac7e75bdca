"""The locked console: when this process is one, and what works in it."""
