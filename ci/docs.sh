#!/usr/bin/env bash
# Builds the documentation as docs.rs does: with all features, and with `--cfg docsrs`, which shows the
# feature that each item needs.
#
#     bash ci/docs.sh [ARGUMENT...]
#
# The arguments are those of `cargo doc`. Without any, it is the documentation of the workspace.
#
# docs.rs has a nightly compiler. Here only rustdoc allows what a nightly one does, so that no dependency
# is built again.
set -euo pipefail
cd "$(dirname "$0")/.."
# The installed toolchain is used: nothing is fetched through rustup.
export RUSTUP_DIST_SERVER=file:///nonexistent

rustdoc=$(mktemp)
trap 'rm -f "$rustdoc"' EXIT
printf '#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc "$@"\n' >"$rustdoc"
chmod +x "$rustdoc"
[ $# -gt 0 ] || set -- --locked --workspace
RUSTDOC=$rustdoc RUSTDOCFLAGS="-D warnings --cfg docsrs" cargo doc --no-deps --all-features "$@"
