"""The OpenAPI document, made of the routes."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tui import __version__
from tui.http.routes import HEALTH, OPENAPI, ROUTES

if TYPE_CHECKING:
    from tui.http.routes import Route

DESCRIPTIONS = {
    "type": "The name of an integration type, such as exotel_phone.",
    "id": "The id of a phone number.",
}
_PARAMETER = re.compile(r"\{(\w+)\}")
_ANSWER = {
    "type": "object",
    "required": ["success", "message"],
    "properties": {
        "success": {"type": "boolean"},
        "data": {"description": "What was asked for; never a secret, nor an envelope."},
        "error": {"type": "string", "description": "What is wrong, where it did not succeed."},
        "message": {"type": "string", "description": "What was done, or what to do about the error."},
        "verified": {"type": "boolean", "description": "Whether the provider said yes, where it was asked."},
        "fields": {"type": "object", "description": "What is wrong with each field."},
    },
}


def openapi_document() -> dict[str, Any]:
    """Return the document, of version 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    paths[HEALTH] = {"get": _open("Whether the database answers.", (200, 503))}
    paths[OPENAPI] = {"get": _open("This document.", (200,))}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Switchboard", "version": __version__},
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": {"Answer": _ANSWER},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "security": [{"token": []}],
        "responses": _responses(route.statuses),
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "description": DESCRIPTIONS[name], "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        content = {"application/json": {"schema": route.body}}
        operation["requestBody"] = {"required": route.needs_body, "content": content}
    return operation


def _open(summary: str, statuses: tuple[int, ...]) -> dict[str, Any]:
    return {"summary": summary, "security": [], "responses": {str(status): _response(status) for status in statuses}}


def _responses(statuses: tuple[int, ...]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}
    return {str(status): _response(status) | {"content": content} for status in sorted(statuses)}


def _response(status: int) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase}
