#!/usr/bin/env bash
# Breaks the code in every way that cargo-mutants knows, one at a time, and runs the tests that must
# notice:
#
#     bash ci/mutants.sh [core|queue|keys|calls|sets ...]
#
# A mutant that survives the quick tests of its part goes to the slower ones, and then to loom. A mutant
# that survives all of them is a hole in the tests: the script exits with 1, unless .cargo/mutants.toml
# says why the mutant does no harm. The patterns are those of cargo-mutants, so the shell does not expand
# them.
set -euo pipefail -o noglob
cd "$(dirname "$0")/.."
# The installed toolchain is used: nothing is fetched through rustup.
export RUSTUP_DIST_SERVER=file:///nonexistent
# The code is built thousands of times, and no debugger reads it.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0

source ci/tools.sh
tool cargo-mutants

# survive PART TESTS... [-- ARGUMENTS...]: runs the mutants of a part that are still alive through more tests.
survive() {
  local part=$1 features=${FEATURES:-llm,http,exact,tokio} arguments=() argument code=0
  shift
  printf '\n== %s: %s (%s s)\n' "$part" "$*" "$SECONDS"
  for argument in ${sources[$part]}; do arguments+=(-f "$argument"); done
  # These are for building, too. cargo-mutants uses what follows `--` for running only, and would build
  # every test each time.
  arguments+=(--cargo-arg=--locked)
  while (($# > 0)) && [[ $1 != -- ]]; do
    arguments+=("--cargo-arg=$1")
    shift
  done
  CARGO_TARGET_DIR="$PWD/target/mutants/build${RUSTFLAGS:+-loom}" cargo mutants "${arguments[@]}" \
    --iterate --output "target/mutants/$part" --minimum-test-timeout 5 --timeout-multiplier 3 --no-shuffle --colors never \
    --no-default-features --features "$features" -- "$@" || code=$?
  # 2: some survive; 3: some were stopped, which counts as noticed. Another code is a failure of the run.
  ((code == 0 || code == 2 || code == 3)) || exit "$code"
  # A mutant that was stopped once need not be stopped again.
  cat "target/mutants/$part/mutants.out/timeout.txt" >>"target/mutants/$part/mutants.out/caught.txt"
}

# The same under loom.
race() {
  FEATURES=llm,exact RUSTFLAGS="--cfg loom" survive "$1" --release "${@:2}"
}

declare -A sources=(
  [core]="src/word.rs src/gcra.rs src/scale.rs src/state.rs src/rate.rs src/meter.rs src/limiter/**"
  [queue]="src/wake.rs src/queue/** src/pace/** src/ask.rs src/admit.rs src/wait/**"
  [keys]="src/keyed/**"
  [calls]="src/llm/**"
  [sets]="src/set/** src/turnstile/**"
)

core() {
  survive core --lib --test=core --test=contract --test=vectors --test=buckets --test=debug
  survive core --test=line --test=local --test=field --test=strategies
  survive core --test=llm --test=keyed --test=set -- --skip exact:: --skip overload:: --skip flood:: --skip timeline::
  race core --test=loom
}

queue() {
  survive queue --lib --test=contract --test=tasks --test=seam --test=concurrency --test=buckets --test=strategies --test=debug --test=allocation
  survive queue --test=line
  # Tests that measure real time are left out.
  survive queue --test=waiting --test=keyed -- --skip no_grant_is_early --skip many_threads_share --skip counterparts \
    --skip exact:: --skip overload:: --skip flood::
  race queue --test=loom
}

keys() {
  survive keys --lib --test=keyed --test=debug -- --skip exact:: --skip overload:: --skip flood::
  survive keys --test=keyed_exact --test=keyed_allocation -- --skip model:: --skip races::
  survive keys --lib --test=keyed --test=keyed_exact
  race keys --test=loom_keyed --test=loom_exact
}

calls() {
  survive calls --lib --test=llm --test=provider --test=pool --test=debug -- --skip timeline:: --skip throughput::
  survive calls --test=llm --test=provider --test=estimate
  race calls --test=loom_llm
}

sets() {
  survive sets --lib --test=set --test=debug -- --skip timeline:: --skip threads::
  survive sets --test=set --test=strategies --test=pool
  survive sets --test=llm -- --skip timeline::
  race sets --test=loom_set
}

alive=0
for part in ${@:-core queue keys calls sets}; do
  rm -rf "target/mutants/$part"
  mkdir -p "target/mutants/$part"
  "$part"
  printf '\n== alive in %s:\n' "$part"
  cat "target/mutants/$part/mutants.out/missed.txt"
  alive=$((alive + $(wc -l <"target/mutants/$part/mutants.out/missed.txt")))
done
printf '\n== done (%s s), %s alive\n' "$SECONDS" "$alive"
((alive == 0))
