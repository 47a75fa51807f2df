//! Two sessions back to back.
