#!/usr/bin/env bash
# Packs the crates that are published, and builds them as a user gets them:
#
#     bash ci/package.sh
#
# Nothing is uploaded. Changes that are not committed are packed as well.
set -euo pipefail
cd "$(dirname "$0")/.."
# The installed toolchain is the one to use: nothing is fetched through rustup.
export RUSTUP_DIST_SERVER=file:///nonexistent

cargo fetch --quiet --locked
target=$(cargo metadata --locked --offline --no-deps --format-version 1 |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')

printf '\n== the compiler that dependencies ask for (%s s)\n' "$SECONDS"
python3 ci/msrv.py

# cargo builds each crate from its package, and gives limitor the package of limitor-macros. It warns of each test that is not
# shipped.
printf '\n== packages (%s s)\n' "$SECONDS"
cargo package --locked --offline --allow-dirty --package limitor-macros --package limitor 2>&1 |
  grep -v 'ignoring \(test\|benchmark\)'

# cargo builds only the library, and only with the default features.
printf '\n== all features, and the examples that are shipped (%s s)\n' "$SECONDS"
shipped=$target/package/shipped
rm -rf "$shipped"
mkdir "$shipped"
for crate in limitor-macros limitor; do
  version=$(cargo pkgid --locked --offline --package "$crate" | sed 's/.*[#@]//')
  cp -R "$target/package/$crate-$version" "$shipped/$crate"
  # Otherwise it would be looked for in the workspace around it.
  printf '\n[workspace]\n' >>"$shipped/$crate/Cargo.toml"
done
# The packed lock file names a limitor-macros of the registry, which is not there before it is released.
cp Cargo.lock "$shipped/limitor/Cargo.lock"
with=(--offline --manifest-path "$shipped/limitor/Cargo.toml"
  --config "patch.crates-io.limitor-macros.path='$shipped/limitor-macros'")
CARGO_TARGET_DIR=$target cargo check --lib --examples --all-features "${with[@]}"

# docs.rs builds from the package as well, so every file that the documentation includes must be in it.
printf '\n== the documentation that is shipped (%s s)\n' "$SECONDS"
CARGO_TARGET_DIR=$target bash ci/docs.sh "${with[@]}"
printf '\n== done (%s s)\n' "$SECONDS"
