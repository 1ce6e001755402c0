#!/usr/bin/env bash
# Runs the tests of what threads share under ThreadSanitizer:
#
#     bash ci/tsan.sh
#
# The standard library is instrumented as well: without that, ThreadSanitizer reports races that do not
# exist. After a real race, the process of a test exits with 66.
set -euo pipefail
source "$(dirname "$0")/debian.sh"
need clang-22 clang-22 libclang-rt-22-dev

export RUSTFLAGS="-Zsanitizer=thread -Zexternal-clangrt -Clinker=clang-22 -Clink-arg=-fsanitize=thread"
# Long timelines of one thread are left out, because one thread shares nothing. Two races of the exact
# table are left out in which the table frees memory. It does so through the crate seize, and
# ThreadSanitizer does not understand the fences of seize, so it reports races there. It reports none if
# the atomic operations beside those fences have their orderings instead.
run_tests x86_64-unknown-linux-gnu llm,exact \
  contract waiting tasks local buckets wrap keyed keyed_exact set concurrency llm pool \
  -- --skip exact:: --skip flood:: --skip overload:: --skip timeline:: --skip model:: --skip memory:: \
  --skip threads_that_forget_each_others_keys --skip threads_that_wait_settle_and_reset
printf '\n== done (%s s)\n' "$SECONDS"
