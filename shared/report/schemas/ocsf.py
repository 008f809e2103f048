# SPDX-License-Identifier: Apache-2.0
"""Makes ocsf-VERSION-compliance_finding.json: OCSF's class 2003 with the profile `cloud`, as JSON Schema.

From the published schema, as the PyPI package ocsf-json-schema carries and converts it; descriptions
are left out.

    python ocsf.py 1.5.0 > ocsf-1.5.0-compliance_finding.json
"""

import json
import sys

from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema


def told(value):
    """The schema without its descriptions, keys in order."""
    if isinstance(value, dict):
        kept = {
            key: told(inner)
            for key, inner in value.items()
            if not (key in ("title", "description") and isinstance(inner, str))
        }
        return dict(sorted(kept.items()))
    if isinstance(value, list):
        inner = [told(one) for one in value]
        return sorted(inner) if all(isinstance(one, (int, str)) for one in inner) else inner
    return value


def compliance_finding(version: str) -> dict:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
    return told(schema.get_class_schema(class_name="compliance_finding", profiles=["cloud"]))


if __name__ == "__main__":
    json.dump(compliance_finding(sys.argv[1]), sys.stdout, indent=1)
    print()
