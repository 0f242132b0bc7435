"""`[accounts.NAME]`: an account of a synthetic person."""

from __future__ import annotations

from pydantic import Field

from firstbell.runner.config.browsers import BrowserName
from firstbell.runner.config.devices import DeviceName
from firstbell.runner.config.secrets import Reference
from firstbell.runner.config.sections import Name, Section


class AccountSection(Section):
    """An account of a synthetic person. One run at a time uses it; several accounts of a role let several runs play."""

    role: Name = Field("", description="The role that it plays; without it, the account's name.")
    groups: tuple[Name, ...] = Field((), description="The groups that it belongs to; without it, all.")
    username: str = Field(min_length=1, description="The user name typed at the sign-in.")
    display_name: str = Field("", description="The name shown to others in a class; without it, the user name.")
    password: Reference | None = Field(
        None, description="A reference to the password; not needed by a person who never signs in."
    )
    totp: Reference | None = Field(None, description="A reference to the key of its one-time codes (base32).")
    passkey: Reference | None = Field(None, description="A reference to its passkey (JSON).")
    browser: BrowserName = Field("", description="The browser of this person; overrides the journey and `[browser]`.")
    device: DeviceName = Field(
        "", description="The device of this person, by Playwright's name, such as `iPad (gen 7)`."
    )
