#!/usr/bin/env bash
# Checks that the library compiles for other systems:
#
#     bash ci/targets.sh
#
# A check needs no linker, so nothing is run there. Windows is the GNU one, whose import libraries `dlltool` makes. `tiktoken` is left
# out: it brings the most crates, and none of them knows of systems.
set -euo pipefail
source "$(dirname "$0")/debian.sh"
need x86_64-w64-mingw32-dlltool binutils-mingw-w64-x86-64

for target in x86_64-pc-windows-gnu aarch64-apple-darwin; do
  printf '\n== %s (%s s)\n' "$target" "$SECONDS"
  /usr/bin/cargo check --locked --lib --features exact,tokio,macros,serde,http -Zbuild-std=std,panic_abort -Zbuild-std-features= --target "$target"
done
printf '\n== done (%s s)\n' "$SECONDS"
