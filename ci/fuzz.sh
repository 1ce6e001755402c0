#!/usr/bin/env bash
# Runs every fuzz target for some seconds, beginning with its corpus:
#
#     bash ci/fuzz.sh [SECONDS]
#
# New inputs do not enter the corpus in the repository.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
source ../ci/tools.sh
# The installed toolchain is used: nothing is fetched through rustup.
export RUSTUP_DIST_SERVER=file:///nonexistent

tool cargo-fuzz
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
for target in $(cargo fuzz list); do
  mkdir "$found/$target"
  cargo fuzz run -s none "$target" "$found/$target" "corpus/$target" -- -max_total_time="${1:-10}" -print_final_stats=1
done
