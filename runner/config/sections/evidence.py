"""`[evidence]`, how much a run leaves and for how long; `[privacy]`, what no picture shows."""

from __future__ import annotations

from pydantic import Field

from firstbell.artifacts.policy import EvidencePolicy, Keep
from firstbell.artifacts.retention import FAIL_DAYS, PASS_DAYS
from firstbell.artifacts.spool import LIMIT_MIB
from firstbell.runner.config.durations import Days
from firstbell.runner.config.secrets import Reference
from firstbell.runner.config.sections import Section

_POLICY = EvidencePolicy()


class EvidenceSection(Section):
    """The amount of evidence that a run leaves, and how long it is kept."""

    on_pass: Keep = Field(_POLICY.on_pass, description="What is kept of a run that passed at once.")
    on_fail: Keep = Field(_POLICY.on_fail, description="What is kept of any other run.")
    unguarded_pictures: bool = Field(
        _POLICY.unguarded_pictures,
        strict=True,
        description="Keep pictures and traces of rooms whose list of participants is not followed.",
    )
    pass_days: Days = Field(PASS_DAYS, description="How long the evidence of such a pass is kept.")
    fail_days: Days = Field(FAIL_DAYS, description="How long the evidence of any other run is kept.")
    signing_key: Reference | None = Field(
        None, description="A reference to the key that signs bags, made by `firstbell evidence keygen`."
    )
    spool_mib: int = Field(LIMIT_MIB, ge=50, description="MiB of evidence that may wait on this machine for the store.")


class PrivacySection(Section):
    """Guests of a class, and elements that no picture shows."""

    expected_participants: tuple[str, ...] = Field(
        (), description="Names of people who may be in the class besides the synthetic ones."
    )
    mask: tuple[str, ...] = Field(
        (), description="CSS selectors of elements that are painted over in pictures, such as `img.avatar`."
    )
