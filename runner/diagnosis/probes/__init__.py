"""Cheap checks of hosts from where this machine stands, in parallel and within a bound."""

from runner.diagnosis.probes.probing import probe

__all__ = ["probe"]
