//! Jitter buffer, clock-drift servo, fades, mixing and sinks
