"""Asks a store whether it can be used at all, and does not wait for one that is away."""

from __future__ import annotations

import threading

from artifacts.stores import Store, StoreError
from artifacts.stores.folder import FolderStore


def must_be_usable(store: Store, within_s: float) -> None:
    """Say at once what a person has to mend. A store that is away, or takes its time, is left to the uploader.

    Raises StoreError: what is permanent, and whatever a folder of this machine says.
    """
    refused: list[StoreError] = []

    def ask() -> None:
        try:
            store.check()
        except StoreError as error:
            refused.append(error)

    asking = threading.Thread(target=ask, name="ask the store", daemon=True)
    asking.start()
    asking.join(within_s)
    for error in refused:
        if error.permanent or isinstance(store, FolderStore):
            raise error
