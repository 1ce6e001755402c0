# The stock toolchain can build std neither for other targets nor with a sanitizer, for want of its sources. Debian's toolchain
# under /usr/bin has them: it is used as it is, and nothing is fetched through rustup. To be sourced.

export RUSTUP_DIST_SERVER=file:///nonexistent
export RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTC_BOOTSTRAP=1
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Unless the command is there, installs packages: need COMMAND PACKAGE...
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

# What is built goes when the script ends; where it runs again and again, CARGO_TARGET_DIR keeps it.
if [ -z "${CARGO_TARGET_DIR:-}" ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  export CARGO_TARGET_DIR=$scratch
fi

# Tests, for a target, with a standard library of its own: run_tests TARGET FEATURES NAME... [-- ARGUMENT...]
run_tests() {
  local target=$1 features=$2 tests=()
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    tests+=(--test "$1")
    shift
  done
  /usr/bin/cargo test --locked -Zbuild-std=std,panic_abort,panic_unwind,test --target "$target" --features "$features" \
    --no-fail-fast --lib "${tests[@]}" "$@"
}
