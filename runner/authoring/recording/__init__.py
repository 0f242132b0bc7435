"""The recorder: turns output of Playwright's codegen into a journey without secrets."""
