"""The Scale page in a real browser: a measurement begins, draws as it goes, and is cancelled."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_measure_here_and_cancel(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/scale?db=toyworld&method=dpsh&bits=32")
    expect(page.get_by_text("Measured elsewhere")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Measure here").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=30_000)
    expect(page.get_by_test_id("stProgress")).to_contain_text("left", timeout=60_000)
    expect(page.get_by_text("Measured here")).to_be_visible(timeout=90_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled. What was measured")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Measure here")).to_be_enabled()
    assert page.get_by_test_id("stException").count() == 0


def test_the_calculator_answers_the_keyboard(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/scale?db=toyworld&method=dpsh&bits=32")
    sentence = page.get_by_text(re.compile("A look-up within radius"))
    expect(sentence).to_contain_text("radius 2", timeout=30_000)
    page.get_by_role("slider", name="Hamming radius").focus()
    page.keyboard.press("ArrowRight")
    expect(sentence).to_contain_text("radius 3")
