//! Gives the shared library its name on a user's system: programs ask for `libtandem.so.0`, so that
//! a library with another binary interface can stand beside it.

/// Grows when a program that was linked against an older library would no longer work.
const ABI: u32 = 0;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libtandem.so.{ABI}");
    }
}
