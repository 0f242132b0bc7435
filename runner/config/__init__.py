"""firstbell.toml: read once, checked whole, with the place of every mistake."""
