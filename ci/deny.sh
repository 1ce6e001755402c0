#!/usr/bin/env bash
# Checks what the crate depends on, by deny.toml: licences, versions and sources.
#
#     bash ci/deny.sh
#
# Not the advisories: they are downloaded, so that is for where the network is open (cargo deny check advisories).
set -euo pipefail
cd "$(dirname "$0")/.."
# The toolchain that is installed is the one to use: nothing is fetched through rustup.
export RUSTUP_DIST_SERVER=file:///nonexistent

if ! cargo deny --version >/dev/null 2>&1; then
  cargo install cargo-deny --locked --debug
fi
cargo deny --locked --all-features --config deny.toml check bans licenses sources
