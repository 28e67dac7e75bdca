"""The setup wizard: one file per step, the state that passes between them, and the pane that shows one at a time."""
