"""What a check that runs again and again remembers: when a provider was asked, what it said, and what changed."""
