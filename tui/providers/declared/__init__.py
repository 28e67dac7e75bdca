"""Integration types that a TOML file declares: read, asked, and proven to be able to say no (docs/types.md)."""
