"""Measures First Bell's overhead: the shipped live class against the same clicks in a bare Playwright script.

    .venv/bin/python -m benchmarks.speed [--rounds 15]

Both play in warm browsers of the same build against the same practice school, in turn, in one invocation. The bare
script records nothing, uses Chromium's own fake devices and only waits for a visible video. First Bell's step that
watches the call for some seconds is left out, because the bare script has none.
Prints wall time from the first context opened to the last one closed: medians, and the ratio of the medians.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import click
from playwright.sync_api import Browser, Page, expect, sync_playwright
from rich.progress import track

from firstbell.journeys.practice.client import SchoolInfo
from firstbell.journeys.practice.seed_data import Person
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.cli.console import console
from firstbell.runner.config.load import load
from firstbell.runner.execution.browsers.discovery import find_browser, launch_options
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.outcome import Outcome

CONFIG = '[school]\nname = "Practice"\ntimezone = "America/New_York"\npractice = true\n'


def sign_in(page: Page, school: SchoolInfo, person: Person) -> None:
    """Signs in and opens the page of the class."""
    page.goto(school.origins["edge"])
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Username").fill(person.username)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="My classes").click()
    page.get_by_role("link", name=school.class_title).click()


def bare(browser: Browser, school: SchoolInfo) -> float:
    """Plays the same clicks without First Bell. Returns seconds."""
    began = time.perf_counter()
    contexts = [browser.new_context(), browser.new_context()]
    teacher, student = (context.new_page() for context in contexts)
    sign_in(teacher, school, school.accounts["teacher"])
    teacher.get_by_role("link", name="Open live session").click()
    expect(teacher.get_by_role("status")).to_have_text("In class")
    sign_in(student, school, school.accounts["student"])
    student.get_by_role("link", name="Join live session").click()
    expect(student.get_by_role("status")).to_have_text("In class")
    for page in (student, teacher):
        page.wait_for_function("[...document.querySelectorAll('video')].filter(v => v.readyState > 2).length > 1")
    teacher.get_by_role("textbox", name="Message").fill("Good morning")
    teacher.get_by_role("button", name="Send").click()
    expect(student.get_by_role("log")).to_contain_text("Good morning")
    student.get_by_role("button", name="Raise hand").click()
    expect(teacher.get_by_role("list", name="Participants")).to_contain_text("hand raised")
    student.get_by_role("button", name="Leave class").click()
    expect(student.get_by_role("status")).to_have_text("You left the class")
    teacher.get_by_role("button", name="End class for everyone").click()
    expect(teacher.get_by_role("status")).to_have_text("The class has ended")
    for context in contexts:
        context.close()
    return time.perf_counter() - began


def first_bell(runner: LocalRunner) -> float:
    """Plays the shipped journey with evidence. Returns seconds from order to outcome, without the watching step."""
    (entry,) = runner.chosen(["live-class"])
    result = runner.play(entry, SilentReporter())
    assert result.run.outcome is Outcome.PASSED, result.document
    last = result.run.last
    return last.took_s - sum(record.took_s for record in last.steps if record.step.title.startswith("still"))


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=15, show_default=True)
def main(rounds: int) -> None:
    """Play in turn, and print medians and the ratio."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "firstbell.toml"
        file.write_text(CONFIG)
        browser = playwright.chromium.launch(**launch_options(find_browser()))
        with open_local_runner(load(file), headed=False, quiet=True) as runner:
            assert runner.practice is not None
            school = runner.practice.introduction
            first_bell(runner)
            bare(browser, school)
            pairs = [(first_bell(runner), bare(browser, school)) for _ in track(range(rounds), description="in turn")]
        browser.close()
    with_first_bell, bare_s = (statistics.median(times) for times in zip(*pairs, strict=True))
    console().print(f"First Bell {with_first_bell:.2f} s, bare script {bare_s:.2f} s (medians of {rounds})")
    console().print(f"ratio {with_first_bell / bare_s:.2f}")


if __name__ == "__main__":
    main()
