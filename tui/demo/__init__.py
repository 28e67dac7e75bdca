"""The embedded Postgres with sample data."""
