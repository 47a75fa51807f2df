//! One controller: the protocol stack governed by the multipoint policy
