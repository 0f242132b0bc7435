"""The owner of a signed camera: an actor of this process, or one of another process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from firstbell.journeys.media.camera import Signature


class CameraOwner(Protocol):
    """The owner of the camera that a media proof looks for."""

    @property
    def name(self) -> str:
        """The name of this person in evidence."""

    @property
    def signature(self) -> Signature:
        """The signature of this person's camera."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteActor:
    """An actor of another process, of whom only the camera is known."""

    name: str
    signature: Signature
