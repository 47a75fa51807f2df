//! An air with virtual controllers and phones, in virtual time, from one seed
