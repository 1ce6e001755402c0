#!/usr/bin/env bash
# Runs every fuzz target for some seconds each, from its corpus on:
#
#     bash ci/fuzz.sh [SECONDS]
#
# What is found on the way stays out of the corpus in the repository.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
# The toolchain that is installed is the one to use: nothing is fetched through rustup.
export RUSTUP_DIST_SERVER=file:///nonexistent

if ! cargo fuzz --version >/dev/null 2>&1; then
  cargo install cargo-fuzz --locked --debug
fi
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
for target in $(cargo fuzz list); do
  mkdir "$found/$target"
  cargo fuzz run -s none "$target" "$found/$target" "corpus/$target" -- -max_total_time="${1:-10}" -print_final_stats=1
done
