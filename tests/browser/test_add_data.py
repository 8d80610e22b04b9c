"""A zip of images from the drop to the ranked results, in a real browser; and codes without images."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app.own import code_files, image_zip
from tests.browser.conftest import serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RESULT = "[data-testid=result]"
LIMIT_MS = 300_000


@pytest.fixture(scope="module")
def own_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app with an empty library of its own."""
    folder = tmp_path_factory.mktemp("own")
    with serving(folder, HASHLENS_LIBRARY=str(folder / "library")) as url:
        yield url


def add_data(page: Page, url: str) -> None:
    page.goto(f"{url}/add_data")
    expect(page.get_by_text("Your data sets")).to_be_visible(timeout=LIMIT_MS)


def choose(page: Page, label: str, option: str) -> None:
    """An option of a select box, by its beginning."""
    page.get_by_label(label, exact=True).first.click()
    page.keyboard.type(option)  # a long list draws only what is in view
    page.get_by_role("option", name=re.compile(f"^{option}")).first.click()


def test_from_drop_to_search(page: Page, own_url: str, tmp_path: Path) -> None:
    path = image_zip(
        tmp_path / "colours.zip", extra={"red/broken.png": b"\x89PNG\r\n\x1a\nxx", "notes.txt": b"x"}
    )
    add_data(page, own_url)
    page.locator("input[type=file]").first.set_input_files(path)
    expect(page.locator(".hl-classes li")).to_have_count(3, timeout=LIMIT_MS)
    expect(page.locator(".hl-classes img").first).to_have_js_property("complete", True)
    choose(page, "Train with", "LSH")
    start = page.locator(".st-key-add_start button")
    expect(start).to_have_text(re.compile("Add colours"), timeout=LIMIT_MS)
    start.click()
    steps = page.locator("ol.hl-steps")
    expect(steps).to_contain_text("Compute features", timeout=LIMIT_MS)

    # Another page, and back: the job is still there, for this session and for any other.
    page.get_by_role("link", name="Methods").first.click()
    expect(page.locator("h2", has_text="Methods")).to_be_visible(timeout=LIMIT_MS)
    page.reload()
    page.get_by_role("link", name="Add data").first.click()
    expect(steps).to_be_visible(timeout=LIMIT_MS)

    search = page.locator(".st-key-add_search button")
    expect(search).to_be_visible(timeout=LIMIT_MS)
    assert page.get_by_test_id("stException").count() == 0
    expect(page.locator("h3", has_text="colours is ready")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Left out: \d+ files"))).to_be_visible()
    search.click()
    expect(page.locator(RESULT).nth(19)).to_be_visible(timeout=LIMIT_MS)
    page.wait_for_url(re.compile("db=colours.*method=lsh|method=lsh.*db=colours"))
    expect(page.locator(f"{RESULT} img").first).to_have_js_property("naturalWidth", 24)
    assert page.locator(f"{RESULT}.right").count() > 0

    add_data(page, own_url)
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Forget").first.click()
    page.get_by_role("button", name="Forget colours").click()
    expect(page.get_by_text("colours is forgotten")).to_be_visible(timeout=LIMIT_MS)
    expect(page.get_by_text("No data set of your own yet")).to_be_visible()


def test_codes_of_another_system(page: Page, own_url: str, tmp_path: Path) -> None:
    query, database = code_files(tmp_path, labelled=True)
    add_data(page, own_url)
    page.get_by_text("Codes of another system").click()
    files = page.locator("input[type=file]")
    expect(files).to_have_count(2, timeout=LIMIT_MS)
    files.nth(0).set_input_files(query)
    files.nth(1).set_input_files(database)
    page.locator(".st-key-add_start button").click(timeout=LIMIT_MS)
    search = page.locator(".st-key-add_search button")
    expect(search).to_be_visible(timeout=LIMIT_MS)
    search.click()
    expect(page.locator(RESULT).nth(19)).to_be_visible(timeout=LIMIT_MS)
    expect(page.get_by_text("words stand for the pictures")).to_be_visible()
    source = page.locator(f"{RESULT} img").first.get_attribute("src")
    answer = page.request.get(str(source))
    assert answer.status == 200 and "svg" in answer.headers["content-type"]
