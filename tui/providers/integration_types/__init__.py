"""The integration types: each module defines TYPES and is found by itself; it imports a test only when one runs."""
