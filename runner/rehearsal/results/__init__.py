"""The results of a rehearsal: comparison, cross-check, report page, plots, JUnit, evidence, storage."""
