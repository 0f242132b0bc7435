"""Cheap checks of hosts from where this machine stands, in parallel and within a bound."""

from firstbell.runner.diagnosis.probes.prober import probe

__all__ = ["probe"]
