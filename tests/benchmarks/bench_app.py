"""From click to results in headless Chromium, the server started for this purpose; and start-up."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.measure import Row, percentile
from tests.system_packages import browser_path

ROOT = Path(__file__).parents[2]
N_CLICKS = 50
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
RESULT = "[data-testid=result]"
MAP = "[data-testid=map]"
VIEW = "db=toyworld&method=dpsh&bits=64&q=q3"


@contextmanager
def served() -> Iterator[str]:
    """An app on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "streamlit", "run", "app/main.py", "--server.port", port]
    command += ["--server.headless", "true", "--server.fileWatcherType", "none"]
    server = subprocess.Popen(
        command, cwd=ROOT, env=os.environ.copy(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def until_open(page: Page, url: str, limit_s: float = 60) -> None:
    """Load the page as soon as the server listens."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            page.goto(url)
            break
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    page.locator(RESULT).first.wait_for(timeout=limit_s * 1e3)


# Resolves when the watched pictures or label have changed, with the milliseconds since the click.
CLICK = """async ([target, watched]) => {
  const deep = (root, selector) => {
    const here = root.querySelectorAll(selector);
    if (here.length) return [...here];
    for (const host of root.querySelectorAll('*'))
      if (host.shadowRoot) { const found = deep(host.shadowRoot, selector); if (found.length) return found; }
    return [];
  };
  const text = () => deep(document, watched).map(e => e.querySelector('img')?.src || e.ariaLabel).join();
  const before = text(), cards = deep(document, '[data-testid=result]');
  const started = performance.now();
  cards[target % cards.length].click();
  while (text() === before) {
    if (performance.now() - started > 10000) return -1;
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - started;
}"""


def bench() -> list[Row]:
    """Start-up, then 50 clicks on results and 50 beside the map, at 64 bits on toyworld."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        started = time.monotonic()
        with served() as url:
            until_open(page, f"{url}/?{VIEW}")
            start_s = time.monotonic() - started
            page.wait_for_timeout(3000)
            clicks = [page.evaluate(CLICK, [3 + i % 17, RESULT]) for i in range(N_CLICKS + 3)][3:]
            page.goto(f"{url}/map?{VIEW}")
            page.locator(MAP).wait_for(timeout=30_000)
            page.wait_for_timeout(3000)
            # The map names its query in its label when the answer has come and is drawn.
            marks = [page.evaluate(CLICK, [1 + i % 9, MAP]) for i in range(N_CLICKS + 3)][3:]
            browser.close()
    return [
        Row("app started to first answered query, warm disk", f"{start_s:.1f} s"),
        clicked("click on a result to its results, toyworld, 64 bits", clicks),
        clicked("click to changed marks on the map, toyworld, 64 bits", marks),
    ]


def clicked(what: str, times_ms: list[float]) -> Row:
    """Percentiles of the clicks that were answered within ten seconds."""
    answered = [ms for ms in times_ms if ms >= 0]
    return Row(
        f"{what}, {len(answered)} of {len(times_ms)} clicks",
        f"p50 {statistics.median(answered):.0f} ms, p95 {percentile(answered, 0.95):.0f} ms",
        aim="p50 300 ms",
    )
