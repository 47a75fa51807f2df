//! The C library
