#!/usr/bin/env bash
# Runs the tests of what threads share under ThreadSanitizer:
#
#     bash ci/tsan.sh
#
# The standard library is instrumented as well: on one that is not, races are reported that are none. A race that is one ends
# a test's process with 66.
set -euo pipefail
source "$(dirname "$0")/debian.sh"
need clang-22 clang-22 libclang-rt-22-dev

export RUSTFLAGS="-Zsanitizer=thread -Zexternal-clangrt -Clinker=clang-22 -Clink-arg=-fsanitize=thread"
# But for long timelines of one thread, which shares nothing; and for the two races in which the exact table of keys gives memory back.
# That is done by the crate seize, whose fences ThreadSanitizer does not understand, so it reports races there. (It reports none if the
# exchanges beside those fences are given their orderings instead.)
run_tests x86_64-unknown-linux-gnu llm,exact \
  contract waiting tasks local buckets wrap keyed keyed_exact set concurrency llm pool \
  -- --skip exact:: --skip flood:: --skip overload:: --skip timeline:: --skip model:: --skip memory:: \
  --skip threads_that_forget_each_others_keys --skip threads_that_wait_settle_and_reset
printf '\n== done (%s s)\n' "$SECONDS"
