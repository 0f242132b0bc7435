"""Classes that are named links or tiles, or have a tool in a frame: found where they are, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from firstbell.journeys.adapters.loading import load_adapter
from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.ports import LiveClass, Platform
from firstbell.journeys.stage.service import Service
from tests.support.likeness import Site, page

pytestmark = pytest.mark.browser

TITLE = "Math 1 (A)"
CLASS = page(f"<h1>{TITLE}</h1><a href=/room>Join</a>")


class TitledClass:
    title = TITLE


class Walk:
    """A walk through pages that a test adds."""

    def __init__(self, site: Site, person: Actor) -> None:
        self.site, self.person = site, person
        self.options: dict[str, str] = {}
        site.pages.clear()

    def platform(self, kind: str = "link-list") -> Platform:
        service = Service(name="platform", owner="", url="", kind=kind, options=self.options)
        self.person.go(self.site.url("/"))
        platform: Platform = load_adapter(service, Path()).build()
        return platform

    def joins(self, kind: str = "link-list") -> str:
        """The path that the way into the session leads to."""
        session = self.platform(kind).find_session(self.person, cast("LiveClass", TitledClass()))
        return session.way_in.get_attribute("href") or ""


@pytest.fixture
def walk(likeness: Site, person: Actor) -> Walk:
    return Walk(likeness, person)


@pytest.mark.parametrize("target", ["_self", "_blank"])
def test_a_class_is_a_named_link_in_the_same_tab_or_a_new_one(walk: Walk, target: str) -> None:
    links = f"<a href=/other>Math 1 (A) notes</a><a target={target} href=/class>{TITLE}</a>"
    walk.site.pages |= {"/": page(links), "/class": CLASS}
    assert walk.joins() == "/room"
    assert walk.person.page.url.endswith("/class")


def test_a_list_behind_a_tile_and_in_a_frame_of_another_host(walk: Walk) -> None:
    frame = walk.site.url("/list", "lists")
    walk.site.pages |= {
        "/": page("<div role=button tabindex=0 onclick=\"window.open('/home')\">Learn</div>"),
        "/home": page(f"<iframe src=/hangs></iframe><iframe src='{frame}'></iframe>"),
        "/list": page(f"<ul aria-label=Today><li><a href=/class>{TITLE}</a></ul><a href=/other>{TITLE}</a>"),
        "/class": CLASS,
    }
    walk.options = {"way_in": "Learn", "class_list": "Today"}
    assert walk.joins() == "/room"


def test_tiles_hold_more_than_the_title_and_another_title_is_not_taken(walk: Walk) -> None:
    walk.site.pages |= {
        "/": page("<a href=/other><h2>Math 1 (A)b</h2>Room 2</a><a href=/class><h2>Math 1 (A)</h2>Mr. Sun</a>"),
        "/class": CLASS,
    }
    assert walk.joins("portal") == "/room"


@pytest.mark.parametrize("button", ["", "<a href=/tool target=_blank>Load Live in a new window</a>"])
def test_a_tool_opens_in_a_frame_or_a_window_of_its_own(walk: Walk, button: str) -> None:
    tool = walk.site.url("/tool", "tool")
    walk.site.pages |= {
        "/": page(f"<a href=/class>{TITLE}</a>"),
        "/class": page(f"<h1>{TITLE}</h1><a href=/launch>Live class</a>"),
        "/launch": page(button or f"<iframe src='{tool}'></iframe>"),
        "/tool": page("<a href=/meeting>Join</a>"),
    }
    assert walk.joins("lti") == "/meeting"


def test_titles_are_the_first_lines_of_the_links(walk: Walk) -> None:
    walk.site.pages |= {
        "/": page(f"<ul aria-label=Today><li><a href=/a>{TITLE}<br>8:00</a><li><a href=/b>Art</a></ul>")
    }
    walk.options = {"class_list": "Today"}
    assert walk.platform().classes(walk.person) == (TITLE, "Art")


# Where it must not pass.


def test_a_card_with_a_heading_that_opens_nothing_is_broken(walk: Walk) -> None:
    walk.site.pages |= {"/": page(f"<h3>{TITLE}</h3><button>{TITLE}</button>")}
    with pytest.raises(Broken, match="opens nothing"):
        walk.platform().find_class(walk.person, TITLE)


def test_a_link_to_a_class_page_that_fails_is_broken(walk: Walk) -> None:
    walk.site.pages |= {"/": page(f"<a href=/gone>{TITLE}</a>")}
    with pytest.raises(Broken, match="answered 404"):
        walk.platform().find_class(walk.person, TITLE)


def test_a_list_without_the_class_and_an_empty_list_say_so(walk: Walk) -> None:
    walk.site.pages |= {"/": page("<a href=/b>Art</a>")}
    with pytest.raises(Broken, match=r'the list does not show "Math 1 \(A\)"'):
        walk.platform().find_class(walk.person, TITLE)
    walk.site.pages |= {"/": page("<p>No classes today</p>")}
    walk.options = {"no_classes": "No classes today"}
    with pytest.raises(Broken, match='the list says "No classes today"') as empty:
        walk.platform().find_class(walk.person, TITLE)
    assert empty.value.sign == "list-empty"


def test_a_session_that_has_not_begun_says_so(walk: Walk) -> None:
    walk.site.pages |= {
        "/": page(f"<a href=/class>{TITLE}</a>"),
        "/class": page(f"<h1>{TITLE}</h1><p>The host has not started</p>"),
    }
    walk.options = {"not_started": "/not started/"}
    with pytest.raises(Broken, match='no live session yet: "The host has not started"'):
        walk.joins()
