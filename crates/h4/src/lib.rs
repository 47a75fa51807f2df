//! H4 transport over TCP, Unix socket and serial line
