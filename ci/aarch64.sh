#!/usr/bin/env bash
# Builds the tests for aarch64 and runs them under qemu:
#
#     bash ci/aarch64.sh
#
# The code is that for a weakly ordered processor. qemu orders no more weakly than the machine that it
# runs on, so the tests under loom are needed as well.
set -euo pipefail
source "$(dirname "$0")/debian.sh"
need qemu-aarch64 qemu-user
need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
# Long timelines of one thread are left out. `vectors` compares their arithmetic with an exact oracle
# here, too.
run_tests aarch64-unknown-linux-gnu llm,exact \
  core contract vectors waiting tasks local buckets wrap keyed keyed_exact set concurrency llm pool \
  -- --skip exact:: --skip flood:: --skip overload:: --skip timeline:: --skip model:: --skip memory::
printf '\n== done (%s s)\n' "$SECONDS"
