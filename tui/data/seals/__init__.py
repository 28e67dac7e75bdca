"""Tamper evidence over the audit log: sealing and verifying."""
