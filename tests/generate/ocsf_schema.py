"""Writes tests/vectors/ocsf_1.8.0.json: of the published OCSF schema what an event of the audit log may have.

Run it: uv run --with ocsf-json-schema==1.2.0 python -m tests.generate.ocsf_schema

The schema is that of https://github.com/ocsf/ocsf-schema, under the Apache License 2.0, as the package carries it. Left
out of the four classes are titles, what is deprecated, and attributes that are objects of a kind that no event of ours
has. No other attributes are allowed than those that are there, so that what is left out is refused.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

VERSION = "1.8.0"
EXTRACT = Path(__file__).parents[1] / "vectors" / f"ocsf_{VERSION}.json"
CLASSES = ("account_change", "entity_management", "user_access", "api_activity")
OBJECTS = frozenset(
    {"account", "actor", "api", "managed_entity", "metadata", "network_endpoint", "object", "product"}
    | {"resource_details", "service", "user"}
)


def _kept(schema: dict[str, Any]) -> dict[str, Any]:
    """An object's schema without titles, and without the attributes that lead to other objects."""
    properties = {}
    for name, attribute in schema["properties"].items():
        target = (attribute.get("items") or attribute).get("$ref", "").rpartition("/")[2]
        if not attribute.get("deprecated") and (not target or target in OBJECTS):
            properties[name] = {key: value for key, value in attribute.items() if key != "title"}
            if "pattern" in attribute:
                # fastjsonschema takes every $ for the end of the text, also this one of email_t.
                properties[name]["pattern"] = attribute["pattern"].replace("#$%", r"#\x24%")
    return {key: value for key, value in schema.items() if key not in ("title", "$id", "$defs")} | {
        "properties": properties
    }


def main() -> None:
    package: Any = import_module("ocsf_json_schema")
    published = package.get_ocsf_schema(VERSION)
    schemas = package.OcsfJsonSchemaEmbedded(published)
    whole = {name: schemas.get_class_schema(name) for name in CLASSES}
    objects = {name: schema for each in whole.values() for name, schema in each["$defs"].items() if name in OBJECTS}
    type_names = {}
    for name in CLASSES:
        named = published["classes"][name]["attributes"]["type_uid"]["enum"]
        type_names |= {uid: each["caption"] for uid, each in named.items()}
    extract = {
        "source": "https://github.com/ocsf/ocsf-schema, the four classes below as JSON Schema, without other objects",
        "licence": "Apache-2.0, Copyright OCSF a Series of LF Projects, LLC",
        "version": VERSION,
        "type_names": type_names,
        "classes": {published["classes"][name]["uid"]: _kept(schema) for name, schema in whole.items()},
        "objects": {name: _kept(objects[name]) for name in sorted(objects)},
    }
    EXTRACT.write_text(json.dumps(extract, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
