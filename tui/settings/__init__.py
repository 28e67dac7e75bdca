"""What can be configured: settings in the environment and `.env`, the keymap, time zones."""
