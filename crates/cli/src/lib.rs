//! tandem: the command
