# The stock toolchain has no sources of std, so it can build std neither for other targets nor with a
# sanitizer. Debian's toolchain under /usr/bin has them. Nothing is fetched through rustup. To be
# sourced.

export RUSTUP_DIST_SERVER=file:///nonexistent
export RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTC_BOOTSTRAP=1
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Installs packages, unless the command exists: need COMMAND PACKAGE...
need() {
  if ! command -v "$1" >/dev/null; then
    apt-get update -q
    apt-get install -y -q --no-install-recommends "${@:2}"
  fi
}

need /usr/bin/rustc rustc-web
need /usr/bin/cargo cargo-web
if ! [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
  need no-command-to-look-for rust-web-src
fi

# The build is removed at the end, unless CARGO_TARGET_DIR names a directory for it.
if [ -z "${CARGO_TARGET_DIR:-}" ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  export CARGO_TARGET_DIR=$scratch
fi

# Runs tests for a target, with a standard library built for them:
# run_tests TARGET FEATURES NAME... [-- ARGUMENT...]
run_tests() {
  local target=$1 features=$2 tests=()
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    tests+=(--test "$1")
    shift
  done
  /usr/bin/cargo test --locked -p limitor -Zbuild-std=std,panic_abort,panic_unwind,test --target "$target" \
    --features "$features" --no-fail-fast --lib "${tests[@]}" "$@"
}
