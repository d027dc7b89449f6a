"""Pure functions and frozen values: no I/O, clock, environment, randomness or logging."""
