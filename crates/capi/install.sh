#!/bin/sh
# Installs the C library: ./install.sh [PREFIX], after `cargo build --release -p tandem-capi`.
# PREFIX is /usr/local unless given; DESTDIR is put before it, for packagers; LIBRARIES is the
# folder that cargo left libtandem.so and libtandem.a in.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
prefix=${1:-/usr/local}
to=${DESTDIR:-}$prefix
from=${LIBRARIES:-${CARGO_TARGET_DIR:-$root/target}/release}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
abi=$(sed -n 's/^const ABI: u32 = \(.*\);/\1/p' "$here/build.rs")

mkdir -p "$to/lib/pkgconfig" "$to/include"
cp "$from/libtandem.so" "$to/lib/libtandem.so.$version"
ln -sf "libtandem.so.$version" "$to/lib/libtandem.so.$abi"
ln -sf "libtandem.so.$abi" "$to/lib/libtandem.so"
cp "$from/libtandem.a" "$to/lib/libtandem.a"
cp "$root/include/tandem.h" "$to/include/tandem.h"
sed -e "s|@PREFIX@|$prefix|" -e "s|@VERSION@|$version|" "$here/tandem.pc.in" \
    >"$to/lib/pkgconfig/tandem.pc"
