"""The rows and facts that travel between the data module and its users."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
