"""Somebody who can be seen and heard: an actor of this stage, or one who plays in another process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from firstbell.journeys.media.camera import Signature


class CameraOwner(Protocol):
    """Whose camera is looked for."""

    @property
    def name(self) -> str:
        """What this person is called in evidence."""

    @property
    def signature(self) -> Signature:
        """What tells this person's camera from all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteActor:
    """Somebody on another stage, of whom nothing is known but the camera."""

    name: str
    signature: Signature
