"""Asks a store whether it can be used at all, and does not wait for one that is away."""

from __future__ import annotations

from firstbell.artifacts.stores import Store, StoreError
from firstbell.artifacts.stores.folder import FolderStore
from firstbell.time_limit import TimeLimitPassed, within


class StoreTimeout(StoreError):
    """The store has not answered in time."""

    def __init__(self, within_s: float) -> None:
        super().__init__(f"the store has not answered within {within_s:g} s", permanent=False)


def check_usable(store: Store, within_s: float) -> None:
    """Say at once what a person has to mend. A store that is away, or takes its time, is left to the uploader.

    Raises StoreError: what is permanent, and whatever a folder of this machine says.
    """
    refused = unavailable_reason(store, within_s)
    if refused is None or isinstance(refused, StoreTimeout):
        return
    if refused.permanent or isinstance(store, FolderStore):
        raise refused


def unavailable_reason(store: Store, within_s: float) -> StoreError | None:
    """Why a store cannot be used, silence included; None where it can."""
    try:
        within(within_s, store.check, name="ask the store")
    except StoreError as error:
        return error
    except TimeLimitPassed:
        return StoreTimeout(within_s)
    return None
