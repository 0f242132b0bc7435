"""Builds the evidence store, the spool and the way of our own HTTP from a configuration."""

from __future__ import annotations

from firstbell.artifacts.policy import Lifetime
from firstbell.artifacts.retention import SHARED_DAYS, Retention
from firstbell.artifacts.spool import Spool
from firstbell.artifacts.stores import Store, StoreOptions, open_store
from firstbell.runner.app.open_config import state_folder
from firstbell.runner.config.load import Config
from firstbell.web_access import WebAccess


def store_of(config: Config) -> Store:
    """Returns the evidence store of a configuration. Raises StoreError."""
    given = config.settings.store
    url = given.url if "://" in given.url or given.url == "memory:" else str(config.folder / given.url)
    options = StoreOptions(
        endpoint_url=given.endpoint_url,
        region=given.region,
        sse=given.sse,
        kms_key_id=given.kms_key_id,
        checksums=given.checksums,
        tags=given.tags,
        lock_days=given.lock_days,
        web=web_access_of(config),
    )
    return open_store(url, options)


def retention_of(config: Config) -> Retention:
    """Returns how long a configuration keeps evidence."""
    given = config.settings.evidence
    days = {Lifetime.PASSES: given.pass_days, Lifetime.FAILURES: given.fail_days, Lifetime.SHARED: SHARED_DAYS}
    return Retention(days=days)


def spool_of(config: Config) -> Spool:
    """Returns the spool between runs and the store."""
    return Spool(state_folder(config) / "spool", config.settings.evidence.spool_mib)


def web_access_of(config: Config) -> WebAccess:
    """Returns the way of our own HTTP."""
    section = config.settings.network
    return WebAccess(proxy=section.proxy, ca=str(config.folder / section.ca) if section.ca else "")
