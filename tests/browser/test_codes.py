"""The Codes page of a codebook method in a real browser: words by click and key, vectors on demand."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

ADDRESS = "codes?db=digits&method=dpq&bits=32&q=q5"


def test_a_word_is_chosen_by_click_and_by_key(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/{ADDRESS}")
    grid = page.get_by_test_id("word-grid").first
    grid.wait_for(timeout=60_000)
    box = grid.bounding_box()
    assert box is not None
    # The third row, a little to the right of its head.
    grid.click(position={"x": 36, "y": box["height"] * 0.6})
    expect(page.get_by_role("heading", name=re.compile(r"Images of word \d+ in book 2"))).to_be_visible(
        timeout=30_000
    )
    expect(page).to_have_url(re.compile("book=2"))
    grid.press("ArrowDown")
    grid.press("Enter")
    expect(page.get_by_role("heading", name=re.compile(r"Images of word \d+ in book 3"))).to_be_visible(
        timeout=30_000
    )


def test_vectors_on_demand_bring_the_flat_distance(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/{ADDRESS}")
    button = page.get_by_role("button", name="Compute the vectors of the database")
    button.wait_for(timeout=60_000)
    expect(page.get_by_role("heading", name="Flat, nothing rounded")).to_have_count(0)
    button.click()
    expect(page.get_by_role("heading", name="Flat, nothing rounded")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("nearest first").first).to_be_visible()
