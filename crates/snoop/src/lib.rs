//! btsnoop captures: write, read, timeline
