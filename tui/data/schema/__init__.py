"""The schema: its SQL files, and what plans, installs, adopts and verifies them."""
