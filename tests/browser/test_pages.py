"""Every page, every kind of code, every embedded set: it opens, and nothing is reported as an exception."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

CASES = [
    (path, dataset, method)
    for path in ("", "methods", "compare", "map", "codes", "metrics", "scale")
    for dataset, method in (
        ("toyworld", "csq"),
        ("toyscenes", "dpsh"),
        ("digits", "dpq"),
        ("toyworld", "dpq"),
    )
]


@pytest.mark.parametrize(("path", "dataset", "method"), CASES)
def test_page_opens(page: Page, app_url: str, path: str, dataset: str, method: str) -> None:
    page.goto(f"{app_url}/{path}?db={dataset}&method={method}&bits=32&q=q5")
    page.locator("h1,h2,h3,[data-testid=result]").first.wait_for(timeout=30_000)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=30_000)
    assert page.get_by_test_id("stException").count() == 0
    shown = page.get_by_test_id("stAlertContentError").all_inner_texts()
    assert not shown, shown
