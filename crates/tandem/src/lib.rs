//! A Bluetooth receiver in a library: several phones connected at once for music and calls
