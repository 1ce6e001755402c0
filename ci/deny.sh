#!/usr/bin/env bash
# Checks the dependencies by deny.toml: licences, versions and sources.
#
#     bash ci/deny.sh
#
# Advisories are not checked, because cargo-deny downloads them: `cargo deny check advisories` needs an
# open network.
set -euo pipefail
cd "$(dirname "$0")/.."
# The installed toolchain is used: nothing is fetched through rustup.
export RUSTUP_DIST_SERVER=file:///nonexistent

source ci/tools.sh
tool cargo-deny
cargo deny --locked --all-features --config deny.toml check bans licenses sources
