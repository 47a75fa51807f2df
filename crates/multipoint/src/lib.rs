//! The multipoint policy: a pure function over small values
