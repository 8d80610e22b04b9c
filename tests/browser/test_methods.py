"""Three dozen methods in a real browser: the list, a card with its picture, the picker, narrow pages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

LINES = "[...document.querySelectorAll('.js-plotly-plot .js-line')].map((n) => n.getAttribute('d')).join()"
CARD = "[data-testid=method-card]"


def test_a_click_opens_the_card_and_the_way_back(page: Page, many_url: str) -> None:
    page.goto(f"{many_url}/methods?db=toyscenes&method=dpsh&bits=32")
    expect(page.locator(CARD).first).to_be_visible(timeout=30_000)
    assert page.locator(CARD).count() > 30
    expect(page.locator(f"{CARD}.absent").first).to_contain_text("Not here")
    page.locator(f"{CARD}[data-method=mihash]").click()
    expect(page.locator("h2")).to_contain_text("MIHash")
    expect(page).to_have_url(re.compile("card=mihash"))
    expect(page).to_have_url(re.compile("method=mihash"))
    page.get_by_role("button", name="All methods").click()
    expect(page.locator(CARD).first).to_be_visible()
    expect(page).not_to_have_url(re.compile("card="))


def test_a_card_of_a_method_that_refuses_the_data_opens_with_its_reason(page: Page, many_url: str) -> None:
    page.goto(f"{many_url}/methods?db=toyscenes&method=dpsh&bits=32")
    absent = page.locator(f"{CARD}.absent").first
    expect(absent).to_be_visible(timeout=30_000)
    name = absent.get_attribute("data-method")
    absent.click()
    expect(page).to_have_url(re.compile(f"card={name}"))
    expect(page).to_have_url(re.compile("method=dpsh"))
    expect(page.get_by_test_id("stAlert")).to_contain_text("several labels")


def test_filters_leave_what_fits(page: Page, many_url: str) -> None:
    page.goto(f"{many_url}/methods?db=toyworld&method=dpsh&bits=32")
    expect(page.locator(CARD).first).to_be_visible(timeout=30_000)
    page.locator("button", has_text=re.compile(r"^multiwise")).click()
    expect(page.locator(f"{CARD}[data-method=dtsh]")).to_be_visible()
    expect(page.locator(f"{CARD}[data-method=dsh]")).to_have_count(0)


def test_the_slider_of_a_picture_moves_its_lines_in_the_browser(page: Page, many_url: str) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{many_url}/methods?db=toyworld&method=dsh&bits=32&card=dsh")
    rail = page.locator(".slider-rail-touch-rect")
    rail.wait_for(state="attached", timeout=60_000)
    rail.scroll_into_view_if_needed()
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=30_000)
    before = page.evaluate(LINES)
    assert before
    asked = len(sent)
    assert asked
    box = rail.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.98 * box["width"], box["y"] + box["height"] / 2)
    page.wait_for_function(f"before => {LINES} !== before", arg=before)
    assert len(sent) == asked


def test_the_picker_finds_a_method_by_typing(page: Page, many_url: str) -> None:
    page.goto(f"{many_url}/?db=toyworld&method=dpsh&bits=32&q=q5")
    expect(page.get_by_test_id("result").first).to_be_visible(timeout=30_000)
    page.get_by_role("combobox").nth(1).click()
    page.keyboard.type("greedy")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("method=greedyhash"))


def test_the_bar_leads_to_the_card(page: Page, many_url: str) -> None:
    page.goto(f"{many_url}/?db=toyworld&method=mihash&bits=32&q=q5")
    expect(page.get_by_test_id("result").first).to_be_visible(timeout=30_000)
    page.locator(".st-key-bar_about button").first.click()
    expect(page.locator("h2")).to_contain_text("MIHash")
    expect(page).to_have_url(re.compile("/methods.*card=mihash"))
    page.get_by_role("link", name="Search").click()
    expect(page.get_by_test_id("result").first).to_be_visible(timeout=30_000)
    expect(page).not_to_have_url(re.compile("card="))


@pytest.mark.parametrize("path", ["", "methods", "compare", "metrics", "codes", "scale"])
def test_nothing_leaves_a_narrow_page(browser: Browser, many_url: str, path: str) -> None:
    context = browser.new_context(viewport={"width": 420, "height": 900})
    page = context.new_page()
    page.goto(f"{many_url}/{path}?db=toyworld&method=greedyhash&bits=32&q=q5")
    page.locator(".st-key-bar").wait_for(timeout=30_000)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    shown = page.locator(".st-key-bar_method input, .st-key-bar_method [value]").first
    assert shown.evaluate("node => node.scrollWidth - node.clientWidth") <= 1
    context.close()
