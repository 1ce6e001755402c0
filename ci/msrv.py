#!/usr/bin/env python3
"""Fails if a dependency that users build asks for a newer compiler than the crate does.

    python3 ci/msrv.py

What the crate itself uses of the standard library, clippy holds to `rust-version` (`incompatible_msrv`). No compiler of that
version is run.
"""

import json
import subprocess
import sys

PUBLISHED = ["limitor", "limitor-macros"]


def version(text):
    numbers = [int(number) for number in text.split(".")]
    return numbers + [0] * (3 - len(numbers))


def main():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--all-features"]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    roots = [name for name in metadata["workspace_members"] if packages[name]["name"] in PUBLISHED]
    ours = min(version(packages[root]["rust_version"]) for root in roots)

    # Neither what only tests use, nor what only a model checker does.
    users, open_ = set(), list(roots)
    while open_:
        node = open_.pop()
        if node in users:
            continue
        users.add(node)
        for dependency in nodes[node]["deps"]:
            kinds = dependency["dep_kinds"]
            if any(kind["kind"] != "dev" and kind["target"] not in ("cfg(loom)", "cfg(shuttle)") for kind in kinds):
                open_.append(dependency["pkg"])

    stated = [package for name, package in packages.items() if name in users and package["rust_version"]]
    newer = [package for package in stated if version(package["rust_version"]) > ours]
    for package in newer:
        print(f"{package['name']} {package['version']} asks for Rust {package['rust_version']}")
    newest = max(stated, key=lambda package: version(package["rust_version"]))
    print(f"{len(users)} crates, of which {len(stated)} state a version; the newest is {newest['rust_version']} of {newest['name']}")
    sys.exit(1 if newer else 0)


if __name__ == "__main__":
    main()
