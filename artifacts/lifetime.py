"""How long what a run left is kept: passes and failures for their own days, what is held until it is let go."""

from __future__ import annotations

from enum import Enum


class Lifetime(Enum):
    """What decides how long an object is kept. The values stand in object tags and in a store's lifecycle rules."""

    PASSES = "passes"
    FAILURES = "failures"
    SHARED = "shared"  # a bag that was put in the store for somebody, gone when its link has ended
    HELD = "held"  # kept until a person lets it go
