#!/usr/bin/env bash
# Builds the documentation of the published crates as docs.rs does: with all features, and with
# `--cfg docsrs`, which shows the feature that each item needs.
#
#     bash ci/docs-rs.sh
#
# docs.rs uses a nightly compiler. Here only rustdoc is told to allow what a nightly one does, so that no
# dependency is built again.
set -euo pipefail
cd "$(dirname "$0")/.."
# The installed toolchain is used: nothing is fetched through rustup.
export RUSTUP_DIST_SERVER=file:///nonexistent

rustdoc=$(mktemp)
trap 'rm -f "$rustdoc"' EXIT
printf '#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc "$@"\n' >"$rustdoc"
chmod +x "$rustdoc"
target=$(cargo metadata --locked --no-deps --format-version 1 |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
RUSTDOC=$rustdoc RUSTDOCFLAGS="-D warnings --cfg docsrs" \
  cargo rustdoc --locked -p limitor --lib --all-features -- --out-dir "$target/docs-rs"
