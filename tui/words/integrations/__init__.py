"""Integrations in words: what is known of them, by whom they are used, and what they were."""
