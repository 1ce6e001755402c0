#!/usr/bin/env bash
# Builds the core, without `std`, for a target that has no 64-bit atomics and for one that has no operating system:
#
#     bash ci/no-std.sh
set -euo pipefail
source "$(dirname "$0")/debian.sh"

for target in thumbv7em-none-eabihf wasm32-unknown-unknown; do
  printf '\n== %s (%s s)\n' "$target" "$SECONDS"
  /usr/bin/cargo build --locked --lib --no-default-features -Zbuild-std=core,alloc --target "$target"
done
printf '\n== done (%s s)\n' "$SECONDS"
