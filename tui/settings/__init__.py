"""What is configured: the environment, `.env`, a person's own keys, time zones."""
