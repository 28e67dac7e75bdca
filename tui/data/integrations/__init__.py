"""Integrations and their credentials."""
