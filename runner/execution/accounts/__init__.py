"""Synthetic accounts: allocation to roles and reservation between runs."""
