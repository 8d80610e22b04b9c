"""What a person does on the Map and the Compare page, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PIXELS = """(canvas) => {
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
  let drawn = 0
  for (let i = 3; i < data.length; i += 4) if (data[i] > 0) drawn += 1
  return drawn
}"""


@pytest.fixture
def code_map(page: Page, app_url: str) -> Page:
    page.goto(f"{app_url}/map?db=toyworld&bits=32&q=q7")
    expect(page.get_by_test_id("map")).to_have_attribute("data-query", "q7", timeout=30_000)
    expect(page.get_by_test_id("map")).not_to_have_attribute("data-hits", "0")
    return page


def test_the_map_is_drawn(code_map: Page) -> None:
    assert code_map.locator("canvas.base").evaluate(PIXELS) > 5_000
    expect(code_map.get_by_test_id("map")).to_have_attribute(
        "aria-label", re.compile("Map of .* distinct codes")
    )


def test_keys_walk_from_dot_to_dot_and_pick(code_map: Page) -> None:
    drawing = code_map.get_by_test_id("map")
    drawing.focus()
    for key in ("q", "ArrowRight", "ArrowRight"):
        code_map.keyboard.press(key)
    expect(code_map.locator(".spoken")).to_contain_text("Enter makes it the query")
    expect(code_map.locator(".stage .card")).to_be_visible()
    code_map.keyboard.press("Enter")
    expect(code_map).to_have_url(re.compile(r"[?&]q=d\d+"))
    expect(drawing).to_have_attribute("data-query", re.compile(r"d\d+"))
    expect(drawing).not_to_have_attribute("data-hits", "0")
    expect(drawing).to_be_focused()


def test_pointing_shows_a_card_and_a_click_makes_the_query(code_map: Page) -> None:
    drawing = code_map.get_by_test_id("map")
    box = drawing.bounding_box()
    assert box is not None
    card = code_map.locator(".stage .card img").first
    for step in range(60):  # a line through the middle of the map meets a dot
        code_map.mouse.move(box["x"] + box["width"] * (0.3 + step / 150), box["y"] + box["height"] / 2)
        if drawing.evaluate("(canvas) => canvas.style.cursor") == "pointer":
            break
    expect(card).to_be_visible()
    code_map.mouse.down()
    code_map.mouse.up()
    expect(code_map).not_to_have_url(re.compile(r"[?&]q=q7(&|$)"))


def test_a_class_is_picked_out_and_the_wheel_zooms(code_map: Page) -> None:
    base = code_map.locator("canvas.base")
    # A dimmed dot is nearly clear.
    opaque = PIXELS.replace("> 0", "> 200")
    before = base.evaluate(opaque)
    code_map.get_by_test_id("map-class").first.click()
    assert base.evaluate(opaque) < before / 2
    code_map.get_by_text("show all").click()
    assert base.evaluate(opaque) == before
    box = base.bounding_box()
    assert box is not None
    code_map.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    code_map.mouse.wheel(0, -600)
    expect(code_map.locator("canvas.overlay")).to_have_css("touch-action", "none")
    code_map.get_by_role("button", name="Show everything (0)").click()


def test_columns_mark_moves_and_a_card_makes_the_query(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/compare?db=toyworld&bits=32&q=q7&top=12")
    second = page.get_by_test_id("column-B")
    expect(second.get_by_test_id("summary")).to_contain_text("new", timeout=30_000)
    expect(page.get_by_test_id("column-A").get_by_test_id("compare-card")).to_have_count(12)
    picked = second.get_by_test_id("compare-card").nth(3)
    row = picked.get_attribute("data-row")
    picked.click()
    expect(page).to_have_url(re.compile(rf"[?&]q=d{row}(&|$)"))
    # The address changes before the cards do, so wait for them: a query is no result of its own.
    expect(page.locator(f"[data-testid=compare-card][data-row='{row}']")).to_have_count(0)
    expect(page.get_by_test_id("compare-card").first).to_be_visible()
