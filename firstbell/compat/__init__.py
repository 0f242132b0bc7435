"""Private parts of pytest and Playwright that have no public way to them: all of them stand here, each with a test."""
