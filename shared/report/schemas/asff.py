# SPDX-License-Identifier: Apache-2.0
"""Makes asff.json: the request of BatchImportFindings as JSON Schema, from botocore's model of Security Hub.

The model has the shapes, enumerations and required members; lengths and counts stand in its
documentation, in sentences that are read here. Details of resource types that keyproof never fills are
left out, so that using one would be an error.

    python asff.py > asff.json
"""

import gzip
import json
import re
import sys
from pathlib import Path

import botocore

DETAILS = {"Other", "AwsDynamoDbTable", "AwsIamRole", "AwsKmsKey"}
TYPES = {"integer": "integer", "long": "integer", "double": "number", "boolean": "boolean", "timestamp": "string"}


def model() -> dict:
    folder = Path(botocore.__file__).parent / "data" / "securityhub" / "2018-10-26"
    with gzip.open(folder / "service-2.json.gz") as file:
        return json.load(file)["shapes"]


def limits(documentation: str) -> dict:
    """The limits that a member's documentation tells."""
    text = re.sub(r"<[^>]+>", "", documentation)
    found = {}
    for name, pattern in {
        "minLength": r"[Mm]inimum(?: length)? of (\d+)(?: length)?\.",
        "maxLength": r"[Mm]aximum(?: length)? of (\d+)(?: length)?\.",
        "minItems": r"Minimum number of (\d+) items?\.",
        "maxItems": r"Maximum number of (\d+) items?\.",
        "maxProperties": r"up to (\d+) key-value pairs",
    }.items():
        match = re.search(pattern, text)
        if match:
            found[name] = int(match[1])
    key = re.search(r"key can contain up to (\d+) characters", text)
    value = re.search(r"value can contain up to (\d+) characters", text)
    if key:
        found["propertyNames"] = {"maxLength": int(key[1])}
    if value:
        found["additionalProperties"] = {"type": "string", "pattern": r".*\S.*", "maxLength": int(value[1])}
    return found


def schema(shape: dict, name: str) -> tuple[dict, list[str]]:
    """One shape as JSON Schema, and the shapes that it needs."""
    kind = shape["type"]
    if kind == "structure":
        members = {
            member: told
            for member, told in shape["members"].items()
            if name != "ResourceDetails" or member in DETAILS
        }
        properties = {}
        for member, told in members.items():
            reference = {"$ref": f"#/$defs/{told['shape']}"}
            told_limits = limits(told.get("documentation", ""))
            properties[member] = {**reference, **told_limits} if told_limits else reference
        made = {"type": "object", "properties": properties, "additionalProperties": False}
        if shape.get("required"):
            made["required"] = shape["required"]
        return made, [told["shape"] for told in members.values()]
    if kind == "list":
        item = shape["member"]["shape"]
        made = {"type": "array", "items": {"$ref": f"#/$defs/{item}"}}
        for ours, theirs in (("minItems", "min"), ("maxItems", "max")):
            if theirs in shape:
                made[ours] = shape[theirs]
        return made, [item]
    if kind == "map":
        value = shape["value"]["shape"]
        return {"type": "object", "additionalProperties": {"$ref": f"#/$defs/{value}"}}, [value]
    if kind == "string":
        made = {"type": "string"}
        for key in ("enum", "pattern"):
            if key in shape:
                made[key] = shape[key]
        return made, []
    return {"type": TYPES[kind]}, []


def main() -> None:
    shapes = model()
    made, waiting = {}, ["AwsSecurityFinding"]
    while waiting:
        name = waiting.pop()
        if name not in made:
            made[name], needed = schema(shapes[name], name)
            waiting.extend(needed)
    # The request holds at most 100 findings; a file may hold more, and is sent in parts.
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "AWS Security Finding Format",
        "type": "array",
        "items": {"$ref": "#/$defs/AwsSecurityFinding"},
        "$defs": dict(sorted(made.items())),
    }
    json.dump(document, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
