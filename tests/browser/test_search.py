"""What a person does on the first page, in a real browser."""

from __future__ import annotations

import io
import re
from urllib.parse import parse_qs, urlparse

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

RESULT, TITLE, BITS = "[data-testid=result]", "[data-testid=query-title]", "[data-testid=query-bits]"
HEX, FIGURES = "[data-testid=query-hex]", "[data-testid=query-figures]"


def opened(page: Page, url: str) -> Page:
    page.goto(url)
    page.locator(RESULT).nth(19).wait_for(state="attached", timeout=30_000)
    return page


def address(page: Page) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlparse(page.url).query).items()}


def test_opens_with_an_answered_query(page: Page, app_url: str) -> None:
    opened(page, app_url)
    assert page.locator(RESULT).count() >= 20
    expect(page.locator(TITLE)).to_be_visible()
    expect(page.locator(FIGURES)).to_contain_text("AP")
    expect(page.locator(BITS)).to_be_visible()


def test_every_result_has_an_image_with_alternative_text(page: Page, app_url: str) -> None:
    opened(page, app_url)
    images = page.locator(f"{RESULT} img")
    assert images.count() >= 20
    for row in range(0, images.count(), 7):
        assert images.nth(row).get_attribute("alt")
        expect(images.nth(row)).to_have_js_property("complete", True)


def test_right_and_wrong_are_told_by_text_too(page: Page, app_url: str) -> None:
    opened(page, f"{app_url}/?db=toyworld&method=lsh&bits=32&q=q0")
    words = " ".join(page.locator(RESULT).evaluate_all("cards => cards.map(c => c.ariaLabel || c.innerText)"))
    assert re.search("right", words) and re.search("wrong", words)


def test_click_makes_a_result_the_query_and_the_trail_leads_back(page: Page, app_url: str) -> None:
    opened(page, f"{app_url}/?db=toyworld&method=dpsh&bits=32&q=q3")
    before = page.locator(HEX).inner_text()
    page.locator(RESULT).nth(5).click()
    page.wait_for_url(re.compile("q=d[0-9]+"))
    expect(page.locator("[data-testid=back]")).to_be_visible()
    page.locator("[data-testid=back]").click()
    page.wait_for_url(re.compile("q=q3"))
    expect(page.locator(HEX)).to_have_text(before)


def test_keyboard_alone_finds_and_picks_a_result(page: Page, app_url: str) -> None:
    opened(page, f"{app_url}/?db=toyworld&method=dpsh&bits=32&q=q3")
    page.locator(RESULT).first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=d[0-9]+"))


def test_method_and_length_change_results_and_bits(page: Page, app_url: str) -> None:
    opened(page, f"{app_url}/?db=toyworld&method=dpsh&bits=32&q=q3")
    code, first = page.locator(HEX).inner_text(), page.locator(RESULT).evaluate_all(ALTS)
    page.get_by_role("radio", name="64").or_(page.get_by_role("button", name="64")).first.click()
    page.wait_for_url(re.compile("bits=64"))
    expect(page.locator(HEX)).not_to_have_text(code)
    opened(page, f"{app_url}/?db=toyworld&method=itq&bits=32&q=q3")
    assert page.locator(RESULT).evaluate_all(ALTS) != first


ALTS = "cards => cards.map(c => c.querySelector('img').src)"


def test_codebook_method_shows_words_instead_of_bits(page: Page, app_url: str) -> None:
    opened(page, f"{app_url}/?db=toyworld&method=dpq&bits=32&q=q3")
    expect(page.locator(FIGURES)).to_contain_text("AP")
    expect(page.get_by_text("word").first).to_be_visible()


@pytest.mark.parametrize("dataset", ["toyworld", "toyscenes", "digits"])
def test_each_embedded_set_answers(page: Page, app_url: str, dataset: str) -> None:
    opened(page, f"{app_url}/?db={dataset}&method=csq&bits=48&q=q7")
    assert address(page)["db"] == dataset
    expect(page.locator(FIGURES)).to_contain_text("AP")


def test_an_index_is_chosen_and_its_recall_is_read(page: Page, app_url: str) -> None:
    opened(page, f"{app_url}/?db=toyworld&method=lsh&bits=64&q=q3&n=60")
    assert "index" not in address(page)
    page.get_by_role("combobox", name="Index").click()
    page.get_by_role("option", name="multi-table").click()
    page.wait_for_url(re.compile("index=multi-table&tables=8&flips=0"))
    figures = page.get_by_test_id("index-figures")
    expect(figures).to_contain_text(re.compile(r"Recall@60\s*0\.[0-9]{2}"), timeout=60_000)
    expect(figures).to_contain_text("measured here just now")
    missed = page.get_by_test_id("missed")
    told = int(re.search(r"index: (\d+) of the 60", page.get_by_test_id("missed-title").inner_text())[1])  # type: ignore[index]
    expect(missed).to_have_count(told)
    shown = page.locator(RESULT).evaluate_all("cards => cards.map(card => card.dataset.row)")
    assert not set(shown) & set(missed.evaluate_all("tiles => tiles.map(tile => tile.dataset.row)"))
    row = missed.first.get_attribute("data-row")
    missed.first.click()
    page.wait_for_url(re.compile(f"q=d{row}(&|$)"))
    # A link opens the same index.
    page.goto(page.url)
    expect(page.get_by_test_id("index-figures")).to_contain_text("Recall@60", timeout=60_000)


def test_a_wrong_address_falls_back_with_a_note(page: Page, app_url: str) -> None:
    opened(page, f"{app_url}/?db=nowhere&method=%3Cscript%3E&bits=33&q=q999999")
    expect(page.get_by_test_id("stAlert").first).to_be_visible()
    assert page.get_by_test_id("stException").count() == 0


def picture(mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (90, 60), (200, 80, 40)).convert(mode).save(buffer, "TIFF" if mode == "CMYK" else "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_an_upload_is_encoded_and_searched(page: Page, app_url: str, mode: str) -> None:
    opened(page, f"{app_url}/?db=toyworld&method=dpsh&bits=32&q=q3")
    page.get_by_text("Upload", exact=True).first.click()
    name, mime = ("mine.tiff", "image/tiff") if mode == "CMYK" else ("mine.png", "image/png")
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": mime, "buffer": picture(mode)}
    )
    expect(page.locator(TITLE)).to_contain_text(re.compile("upload", re.I), timeout=60_000)
    expect(page.locator(RESULT).nth(19)).to_be_attached()


def test_an_upload_that_is_no_image_says_what_to_do(page: Page, app_url: str) -> None:
    opened(page, f"{app_url}/?db=toyworld&method=dpsh&bits=32&q=q3")
    page.get_by_text("Upload", exact=True).first.click()
    page.locator("input[type=file]").set_input_files(
        {"name": "broken.png", "mimeType": "image/png", "buffer": b"this is no picture"}
    )
    expect(page.get_by_test_id("stAlert").first).to_be_visible(timeout=30_000)
    assert page.get_by_test_id("stException").count() == 0
    assert page.locator(RESULT).count() >= 20, "the last answer stays"


def test_a_narrow_dark_window_does_not_scroll_sideways(browser: Browser, app_url: str) -> None:
    context = browser.new_context(viewport={"width": 420, "height": 900}, color_scheme="dark")
    narrow = context.new_page()
    for path in ("", "compare", "map", "codes", "metrics", "scale"):
        narrow.goto(f"{app_url}/{path}?db=toyworld&method=dpsh&bits=32&q=q3")
        narrow.get_by_test_id("stAppViewContainer").wait_for()
        narrow.locator("h1,h2,h3,[data-testid=result]").first.wait_for(timeout=30_000)
        wide = narrow.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        assert wide <= 1, f"{path or 'search'} is {wide} px wider than the window"
    context.close()
