# The tools that scripts install, each in one version. To be sourced.

# Installs a tool of cargo, unless it exists: tool NAME
tool() {
  local version
  case $1 in
    cargo-deny) version=0.20.2 ;;
    cargo-fuzz) version=0.13.2 ;;
    cargo-mutants) version=27.1.0 ;;
    *) echo "error: no version of $1 is pinned in ci/tools.sh" >&2 && return 1 ;;
  esac
  if ! cargo "${1#cargo-}" --version >/dev/null 2>&1; then
    cargo install "$1" --version "$version" --locked --debug
  fi
}
