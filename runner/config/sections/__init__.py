"""The sections of firstbell.toml as pydantic models."""
