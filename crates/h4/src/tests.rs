mod framer;
mod spec;
mod transport;
