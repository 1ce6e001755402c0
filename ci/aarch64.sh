#!/usr/bin/env bash
# Builds the tests for aarch64 and runs them under qemu:
#
#     bash ci/aarch64.sh
#
# The code is the one for a weakly ordered processor. That qemu orders no more weakly than the machine it runs on is why
# the tests under loom are there besides.
set -euo pipefail
source "$(dirname "$0")/debian.sh"
need qemu-aarch64 qemu-user
need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
# But for long timelines of one thread, whose arithmetic `vectors` holds to an exact oracle here too.
run_tests aarch64-unknown-linux-gnu llm,exact \
  core contract vectors waiting tasks local buckets wrap keyed keyed_exact set concurrency llm pool \
  -- --skip exact:: --skip flood:: --skip overload:: --skip timeline:: --skip model:: --skip memory::
printf '\n== done (%s s)\n' "$SECONDS"
