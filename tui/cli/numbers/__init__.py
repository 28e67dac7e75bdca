"""The commands `phone-numbers`."""
