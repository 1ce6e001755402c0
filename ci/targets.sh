#!/usr/bin/env bash
# Checks that the library compiles for Windows and for macOS:
#
#     bash ci/targets.sh
#
# A check needs no linker, so no test is run. The target of Windows is that of GNU, because the import
# libraries of the other need tools of Microsoft. `tiktoken` is left out: it brings the most crates, and
# none of them depends on the operating system.
set -euo pipefail
source "$(dirname "$0")/debian.sh"
need x86_64-w64-mingw32-dlltool binutils-mingw-w64-x86-64

for target in x86_64-pc-windows-gnu aarch64-apple-darwin; do
  printf '\n== %s (%s s)\n' "$target" "$SECONDS"
  /usr/bin/cargo check --locked -p limitor --lib --features exact,tokio,macros,serde,http \
    -Zbuild-std=std,panic_abort -Zbuild-std-features= --target "$target"
done
printf '\n== done (%s s)\n' "$SECONDS"
