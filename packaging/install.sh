#!/bin/sh
# Installs Servanda from its release: the archive of this system and processor, if its digest is the one below.
#
#   sh install.sh [FOLDER]      the folder of the program; ~/.local/bin by default
#
# The release writes version and digests. In a tree that is no release they are missing, and nothing is installed.
set -eu

version=
digests() {
  cat <<'END'
# digests
# end
END
}

fail() {
  echo "install: $1" >&2
  exit 1
}

[ -n "$version" ] || fail "this tree is no release; take install.sh from a release, or run \`cargo install --locked --path .\`"
folder="${1:-$HOME/.local/bin}"
releases="${SERVANDA_RELEASES:-https://github.com/servanda/servanda/releases/download}"

program=servanda
case "$(uname -s)/$(uname -m)" in
  # Linked statically, so that the age of the C library does not matter.
  Linux/x86_64) target=x86_64-unknown-linux-musl ;;
  Linux/aarch64 | Linux/arm64) target=aarch64-unknown-linux-musl ;;
  Darwin/x86_64) target=x86_64-apple-darwin ;;
  Darwin/arm64) target=aarch64-apple-darwin ;;
  MINGW*/x86_64 | MSYS*/x86_64 | CYGWIN*/x86_64) target=x86_64-pc-windows-msvc program=servanda.exe ;;
  *) fail "there is no archive for $(uname -s) on $(uname -m); \`cargo install --locked --path .\` builds Servanda from source" ;;
esac

stem="servanda-$version-$target"
case "$target" in
  *windows*) archive="$stem.zip" ;;
  *) archive="$stem.tar.gz" ;;
esac
digest="$(digests | sed -n "s/^\([0-9a-f]\{64\}\)  $archive\$/\1/p")"
[ -n "$digest" ] || fail "release $version has no $archive"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
curl --fail --silent --show-error --location --retry 3 --output "$work/$archive" "$releases/v$version/$archive"
if command -v sha256sum >/dev/null; then
  found="$(sha256sum "$work/$archive")"
else
  found="$(shasum -a 256 "$work/$archive")"
fi
[ "${found%% *}" = "$digest" ] || fail "the digest of $archive is ${found%% *}, and not $digest"

case "$archive" in
  *.zip) unzip -q "$work/$archive" -d "$work" ;;
  *) tar -xzf "$work/$archive" -C "$work" ;;
esac
mkdir -p "$folder"
mv -f "$work/$stem/$program" "$folder/$program"
echo "installed $folder/$program, version $version"
