"""The process itself: hardening, identity, checks of its streams, the crash report."""
