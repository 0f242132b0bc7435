"""The practice school: a small embedded district with faults that can be switched on."""
