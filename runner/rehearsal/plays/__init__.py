"""One journey played by many: each statement by the person whose page it touches, while the others wait for it."""
