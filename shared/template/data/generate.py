#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes this folder's data files from two pinned Python packages.

    pip install moto==5.2.1 aws-sam-translator==1.110.0
    python3 shared/template/data/generate.py [--check]

`--check` writes nothing and fails where a file would change. Where the data comes from, and under
which licence, is in SOURCES.md beside this script.

aws_managed_policies.bin:
    8 bytes   magic and version, "KPAMP001"
    4 bytes   length of the compressed index (little endian)
    ...       the index, raw deflate: a line for each policy, sorted by name,
              NAME TAB PATH TAB VERSION TAB UPDATED TAB CHUNK TAB OFFSET TAB LENGTH
              after one line for each chunk, CHUNK-OFFSET TAB CHUNK-LENGTH, and an empty line
    ...       the chunks, raw deflate: policy documents as JSON, one after the other
A lookup inflates the index and one chunk, so it costs about a millisecond and no memory to speak of.
"""

import json
import pathlib
import struct
import sys
import zlib
from importlib.metadata import version

HERE = pathlib.Path(__file__).parent
PINNED = {"moto": "5.2.1", "aws-sam-translator": "1.110.0"}
MAGIC = b"KPAMP001"
CHUNK_BYTES = 128 * 1024


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(level=9, wbits=-15, memLevel=9)
    return packer.compress(data) + packer.flush()


def managed_policies() -> bytes:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    policies = json.loads(aws_managed_policies_data)
    chunks, entries, chunk = [], [], b""
    for name in sorted(policies):
        policy = policies[name]
        document = json.dumps(policy["Document"], separators=(",", ":")).encode()
        if chunk and len(chunk) + len(document) > CHUNK_BYTES:
            chunks.append(chunk)
            chunk = b""
        entries.append(
            (
                name,
                policy["Path"],
                policy["DefaultVersionId"],
                (policy.get("UpdateDate") or policy["CreateDate"])[:10],
                len(chunks),
                len(chunk),
                len(document),
            )
        )
        chunk += document
    chunks.append(chunk)
    packed = [deflate(chunk) for chunk in chunks]
    lines, offset = [], 0
    for one in packed:
        lines.append(f"{offset}\t{len(one)}")
        offset += len(one)
    lines.append("")
    lines += ["\t".join(map(str, entry)) for entry in entries]
    index = deflate(("\n".join(lines) + "\n").encode())
    return MAGIC + struct.pack("<I", len(index)) + index + b"".join(packed)


def sam_policy_templates() -> bytes:
    import samtranslator

    path = pathlib.Path(samtranslator.__file__).parent / "policy_templates_data/policy_templates.json"
    templates = json.loads(path.read_text())["Templates"]
    kept = {
        name: {
            "Parameters": sorted(template.get("Parameters", {})),
            "Statement": template["Definition"]["Statement"],
        }
        for name, template in sorted(templates.items())
    }
    # One template a line, so that an update can be reviewed.
    lines = [f"{json.dumps(name)}:{json.dumps(kept[name], separators=(',', ':'))}" for name in kept]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def main() -> int:
    for package, pinned in PINNED.items():
        if version(package) != pinned:
            print(f"{package} is {version(package)}, expected {pinned}", file=sys.stderr)
            return 2
    files = {
        "aws_managed_policies.bin": managed_policies(),
        "sam_policy_templates.json": sam_policy_templates(),
    }
    changed = [name for name, data in files.items() if not (HERE / name).exists() or (HERE / name).read_bytes() != data]
    if "--check" in sys.argv[1:]:
        for name in changed:
            print(f"{name} is not what this script writes", file=sys.stderr)
        return 1 if changed else 0
    for name, data in files.items():
        (HERE / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
