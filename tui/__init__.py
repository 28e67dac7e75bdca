"""Switchboard: a terminal console for the integration credentials an organisation keeps in Postgres."""

__version__ = "0.1.0"
