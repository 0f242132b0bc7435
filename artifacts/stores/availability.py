"""The check whether a store can be used, within a time limit."""

from __future__ import annotations

from firstbell.artifacts.stores import Store, StoreError
from firstbell.artifacts.stores.folder import FolderStore
from firstbell.time_limit import TimeLimitPassed, within


class StoreTimeout(StoreError):
    """The store did not answer in time."""

    def __init__(self, within_s: float) -> None:
        super().__init__(f"the store did not answer within {within_s:g} s", permanent=False)


def check_usable(store: Store, within_s: float) -> None:
    """Raise StoreError for a failure that a person has to repair: a permanent one, or any of a local folder.

    A store that is unavailable or slow is left to the uploader.
    """
    refused = unavailable_reason(store, within_s)
    if refused is None or isinstance(refused, StoreTimeout):
        return
    if refused.permanent or isinstance(store, FolderStore):
        raise refused


def unavailable_reason(store: Store, within_s: float) -> StoreError | None:
    """Return why a store cannot be used, a time-out included; None if it can."""
    try:
        within(within_s, store.check, name="ask the store")
    except StoreError as error:
        return error
    except TimeLimitPassed:
        return StoreTimeout(within_s)
    return None
