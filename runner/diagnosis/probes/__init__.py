"""Cheap host checks from this machine, in parallel and within a time limit."""

from firstbell.runner.diagnosis.probes.prober import probe

__all__ = ["probe"]
