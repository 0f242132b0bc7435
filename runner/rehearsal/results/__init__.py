"""The results of a rehearsal: criteria, document, comparison, report, plots, storage."""
