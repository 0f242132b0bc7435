"""`[services.NAME]`: a service that journeys rely on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from firstbell.runner.config.sections import Pattern, Section, WebAddress

Relay = Annotated[
    str,
    Pattern(
        r"^(stun|turn):[^\s/@]+$",
        'a relay is stun: or turn: and a host; write it such as "turn:relay.vendor.example:3478"',
    ),
]


class PlanBSection(Section):
    """Plan B as families know it, for public notices."""

    name: str = Field(
        "", max_length=60, description="Its name as families know it.", examples=["the Bayfront video room"]
    )
    link: WebAddress = Field("", description="The address that families open; by default the service's `url`.")


class ServiceSection(Section):
    """A service that journeys rely on."""

    owner: str = Field("", description="Its owner's name in alarms.")
    contact: str = Field("", description="How to reach the owner: a mail address, telephone number or page.")
    url: WebAddress = Field("", description="Its first page.")
    hosts: tuple[str, ...] = Field((), description="Its host names; `*` stands for any part.")
    relays: tuple[Relay, ...] = Field(
        (),
        description="STUN and TURN servers of its calls, such as `turn:relay.vendor.example:3478`.",
        examples=[["turn:relay.vendor.example:3478"]],
    )
    kind: str = Field(
        "", description="The adapter that knows its pages; needed only where a journey uses one.", examples=["redirect"]
    )
    public: str = Field(
        "",
        description='What people cannot do when it is broken, for public notices: "signing in".',
        examples=["signing in"],
    )
    options: dict[str, str] = Field(default_factory=dict, description="Settings of the adapter.")
