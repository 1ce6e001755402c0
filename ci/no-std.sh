#!/usr/bin/env bash
# Builds the core without `std`: for a target without 64-bit atomics, and for one without an operating
# system.
#
#     bash ci/no-std.sh
set -euo pipefail
source "$(dirname "$0")/debian.sh"

for target in thumbv7em-none-eabihf wasm32-unknown-unknown; do
  printf '\n== %s (%s s)\n' "$target" "$SECONDS"
  /usr/bin/cargo build --locked -p limitor --lib --no-default-features -Zbuild-std=core,alloc --target "$target"
done
printf '\n== done (%s s)\n' "$SECONDS"
