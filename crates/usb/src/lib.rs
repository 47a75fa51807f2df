//! Bluetooth dongles on USB
