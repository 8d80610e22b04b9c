"""Every page, every kind of code, every embedded set: it opens, and nothing is reported as an exception."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

# Of CIFAR-10 the codes are embedded, not the images; some runs stand on another input than the others.
CASES = [
    (path, dataset, method, n_bits)
    for path in ("", "methods", "compare", "map", "codes", "metrics", "scale")
    for dataset, method, n_bits in (
        ("toyworld", "csq", 32),
        ("toyscenes", "dpsh", 32),
        ("digits", "dpq", 32),
        ("toyworld", "dpq", 32),
        ("cifar10", "csq~squeezenet1_0@64~finetune", 48),
        ("cifar10", "dpq~squeezenet1_0@64", 48),
        ("cifar10@unseen", "mihash", 48),
    )
]


@pytest.mark.parametrize(("path", "dataset", "method", "n_bits"), CASES)
def test_page_opens(page: Page, app_url: str, path: str, dataset: str, method: str, n_bits: int) -> None:
    address = f"db={dataset}&method={method}&bits={n_bits}&q=q5"
    page.goto(f"{app_url}/{path}?{address}")
    page.locator("h1,h2,h3,[data-testid=result]").first.wait_for(timeout=30_000)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=30_000)
    assert page.get_by_test_id("stException").count() == 0
    shown = page.get_by_test_id("stAlertContentError").all_inner_texts()
    assert not shown, shown
    for part in address.split("&"):
        assert part in unquote(page.url), "the run that was asked for is the one that is shown"
