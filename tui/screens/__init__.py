"""One file and one style sheet per screen; a screen owns its workers and its state."""
