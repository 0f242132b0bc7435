"""The adapter that docs/adapters.md shows, as a district would use it: its configuration, its class, and a sign-in."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from firstbell.journeys.adapters.loading import load_adapter
from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.secret import Secret
from firstbell.runner.app.build import config_at, services_of
from tests.support.likeness import Form, Site, form, page

pytestmark = pytest.mark.browser

PAGE = (Path(__file__).parents[3] / "docs" / "adapters.md").read_text()
SCHOOL = '[school]\nname = "Bayfront"\ntimezone = "America/New_York"\n'


@pytest.fixture
def district(tmp_path: Path) -> Iterator[Path]:
    """A folder with the files of the page."""
    (tmp_path / "my_adapters").mkdir()
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "my_adapters" / "card.py").write_text(source)
    (example,) = (block for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if "CardSignIn" in block)
    (tmp_path / "firstbell.toml").write_text(SCHOOL + example)
    path = list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in [name for name in sys.modules if name.startswith("my_adapters")]:
        del sys.modules[name]


def check_card(sent: Form) -> str:
    is_right = sent == {"card": "zz.student01", "pin": "right"}
    return page("<h1>Your shelf</h1>") if is_right else page("<p role=alert>Unknown card</p>")


def test_the_example_signs_in_and_reads_a_refusal(district: Path, likeness: Site, person: Actor) -> None:
    config = config_at(None, district)
    service = services_of(config.settings, None)["sign-in"]
    likeness.pages |= {
        "/card": form("/check", "card:text:Library card", "pin:password:PIN", button="Go"),
        "/check": check_card,
    }
    adapter = load_adapter(service, config.folder).build()
    person.go(likeness.url("/card"))
    adapter.sign_in(person)
    person.account = replace(person.account, password=Secret(lambda: "stale"))
    person.go(likeness.url("/card"))
    with pytest.raises(Broken, match='sign-in refused: "Unknown card"'):
        adapter.sign_in(person)
