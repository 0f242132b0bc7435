"""Tests that the private parts of Playwright are at their known names. A failure names what an upgrade has moved."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import playwright
import pytest
from playwright._impl import _assertions

from firstbell.compat.playwright import CallListener, soft_errors
from firstbell.compat.playwright_package import (
    RECORDER_BROWSER,
    RECORDER_HEADLESS,
    browser_revisions,
    device_descriptors,
    package_folder,
    trace_viewer_folder,
)

# In a process of its own: the event loop of a session's Playwright would stay in this one.
CALLS = """
import json
from playwright.sync_api import Error, sync_playwright
from firstbell.compat.playwright import error_of, listen_to_calls

told = []
with sync_playwright() as playwright:
    listen_to_calls(playwright, lambda call, message: told.append((call, message)))
    asking = playwright.request.new_context()
    try:
        asking.get("http://127.0.0.1:1/a")
        raised = ""
    except Error as error:
        raised = str(error)
    asking.dispose()
    devices = {name: [one["default_browser_type"], one["is_mobile"]] for name, one in playwright.devices.items()}
calls = {message["method"]: (message.get("params") or {}).get("url") for _, message in told}
errors = {message["method"]: error_of(call) for call, message in told}
print(json.dumps({"calls": calls, "errors": errors, "raised": raised, "devices": devices}))
"""


@pytest.fixture(scope="module")
def calls() -> dict[str, Any]:
    """Records the calls that a Playwright session reports."""
    done = subprocess.run([sys.executable, "-c", CALLS], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_each_call_is_reported_with_its_method_and_arguments(calls: dict[str, Any]) -> None:
    assert calls["calls"]["fetch"] == "http://127.0.0.1:1/a"


def test_call_has_the_error_that_it_raised(calls: dict[str, Any]) -> None:
    assert calls["raised"]
    assert calls["errors"]["fetch"] == calls["raised"]
    assert calls["errors"]["newRequest"] is None


def test_devices_in_the_package_match_the_driver(calls: dict[str, Any]) -> None:
    found = {name: [item.engine, item.is_mobile] for name, item in device_descriptors().items()}
    assert len(found) > 100
    assert found == calls["devices"]


@pytest.mark.parametrize(
    "channel", [pytest.param({}, id="no method"), pytest.param({"params": None}, id="no arguments")]
)
def test_message_of_another_shape_fails_no_call(channel: dict[str, object]) -> None:
    CallListener(lambda _call, message: message["method"]).on_api_call_begin(object(), channel)


def test_internal_calls_are_not_reported() -> None:
    calls: list[object] = []
    internal = type("Call", (), {"internal": True})()
    CallListener(lambda call, _message: calls.append(call)).on_api_call_begin(internal, {})
    assert calls == []


def test_soft_errors_belong_to_the_current_test() -> None:
    """pytest-playwright has opened the scope of this very test."""
    assert soft_errors() == ()
    error = AssertionError("Locator expected to be visible")
    _assertions._record_soft_or_raise(error, is_soft=True)
    found = soft_errors()
    assert _assertions._soft_errors is not None
    _assertions._soft_errors.clear()  # They would be this test's.
    assert found == (error,)


def test_playwright_package_has_the_files_that_are_read() -> None:
    assert package_folder() == Path(playwright.__file__).parent / "driver" / "package"
    assert (trace_viewer_folder() / "index.html").is_file()
    assert {"chromium", "chromium-headless-shell", "firefox", "webkit"} <= set(browser_revisions())


@pytest.mark.parametrize("switch", [RECORDER_BROWSER, RECORDER_HEADLESS])
def test_recorder_reads_its_environment_switches(switch: str) -> None:
    text = "".join(file.read_text() for file in (package_folder() / "lib").glob("*.js"))
    assert f"env.{switch}" in text
