"""The rules of diagnosis: the probe's own faults, the network path, the service."""
