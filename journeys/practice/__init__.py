"""The practice school: a small real district to rehearse in, with faults to switch on."""
