"""Private parts of pytest and Playwright that have no public equivalent: all of them stand here, each with a test."""
