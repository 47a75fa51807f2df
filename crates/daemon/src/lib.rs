//! tandemd: the receiver as a daemon with Varlink control
