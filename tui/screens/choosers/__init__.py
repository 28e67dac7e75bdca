"""Choosing one of many by typing a part of its name: what is chosen, and the help and palette."""
