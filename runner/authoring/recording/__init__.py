"""The recorder: Playwright codegen output made into a journey without secrets."""
