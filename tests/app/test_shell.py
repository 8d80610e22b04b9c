"""The shell around every page: bar, notes, error box; and no torch until something needs a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]
SHELL = ROOT / "app/shell.py"


def opened(**address: str) -> AppTest:
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = value
    return app.run()


def test_the_bar_shows_and_changes_the_choice(stored: Path) -> None:
    app = opened(db="digits", method="lsh", bits="16", q="q3")
    assert not app.exception
    bar = {"db": app.selectbox(key="bar_db"), "method": app.selectbox(key="bar_method")}
    assert bar["db"].value == "digits"
    assert bar["method"].value == "lsh"
    assert app.segmented_control(key="bar_bits").value == 16
    bar["method"].set_value("dpq").run()
    assert not app.exception
    assert app.segmented_control(key="bar_bits").options == ["16"]
    assert app.query_params["method"] in ("dpq", ["dpq"])


def test_another_data_set_is_opened_from_the_bar(stored: Path) -> None:
    app = opened(db="digits", method="lsh", bits="16", q="q399")
    app.selectbox(key="bar_db").set_value("toyscenes").run()
    assert not app.exception
    assert app.query_params["q"] not in ("q399", ["q399"])
    assert app.query_params["method"] in ("lsh", ["lsh"])


def test_a_bad_address_is_noted_on_the_page(stored: Path) -> None:
    app = opened(db="nowhere", bits="33", q="q99999")
    assert not app.exception
    assert [part in app.info[0].value for part in ("nowhere", "33", "q99999")] == [True] * 3


def test_what_stands_in_the_address_cannot_write_on_the_page(stored: Path) -> None:
    app = opened(method="![x](http://a.b/c.png)<b>", q="[x](javascript:alert(1))")
    assert not app.exception
    assert not set("[]()<>!_*`") & set(app.info[0].value.replace("(uploads stay with whoever made them)", ""))


def test_without_data_the_page_says_what_to_do(
    tmp_path: Path, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import catalog

    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path))
    catalog._stored.cache_clear()
    catalog.datasets.cache_clear()
    app = opened()
    assert not app.exception
    assert "make zoo" in app.error[0].value


def test_a_damaged_run_is_an_error_box(tmp_path: Path, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    from app.services import catalog

    shutil.copytree(stored, tmp_path / "tree")
    codes = tmp_path / "tree/runs/digits/lsh/16-s0/codes.npz"
    codes.write_bytes(codes.read_bytes()[:100])
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path / "tree"))
    catalog.open_run.cache_clear()
    app = opened(db="digits", method="lsh", bits="16")
    assert not app.exception
    assert "codes.npz" in app.error[0].value


def test_any_other_exception_stays_visible(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.services import search

    def broken(*_: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(search, "answer", broken)
    app = opened(db="digits", method="lsh", bits="16")
    assert app.exception[0].message == "a bug of ours"


PROGRAM = """
import sys
from streamlit.testing.v1 import AppTest
for method in ("lsh", "dpq"):
    app = AppTest.from_file("app/shell.py", default_timeout=120)
    for key, value in {"db": "digits", "method": method, "bits": "16", "q": "d3"}.items():
        app.query_params[key] = value
    for view in ("search", "methods", "compare", "map", "codes", "metrics", "scale"):
        app.switch_page(f"views/{view}.py").run()
        assert not app.exception, (view, app.exception)
        assert not app.error, (view, app.error)
for heavy in ("torch", "faiss", "umap", "lightning_fabric", "skia"):
    assert heavy not in sys.modules, heavy
"""


@pytest.mark.slow
def test_no_page_loads_torch(stored: Path) -> None:
    environment = {**os.environ, "HASHLENS_SAMPLE_DATA": str(stored), "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]


def test_the_picker_names_the_family(many: Path) -> None:
    app = opened(db="digits", method="dsh", bits="16")
    assert "DSH · pairwise" in app.selectbox(key="bar_method").options
    families = [option.split(" · ")[1] for option in app.selectbox(key="bar_method").options]
    assert families == sorted(families, key=families.index)  # families stand together


def test_another_method_comes_with_the_reason(many: Path) -> None:
    app = opened(db="digits", method="orthohash", bits="16")
    app.selectbox(key="bar_db").set_value("toyscenes").run()
    assert not app.exception
    assert "OrthoHash has no codes on toyscenes" in app.info[0].value
    assert "exactly one class per image" in app.info[0].value


def test_an_address_with_a_refusing_method_says_why(many: Path) -> None:
    app = opened(db="toyscenes", method="orthohash", bits="16")
    assert "exactly one class per image" in app.info[0].value


def test_compare_offers_the_length_of_the_bar_first(many: Path) -> None:
    from tests.app.pages import open_page

    options = open_page("compare", db="digits", method="lsh", bits="16").selectbox(key="b").options
    assert options[0] == "float features"
    assert all("16 bits" in option for option in options[1:20])
    assert "DSH 16 bits · pairwise" in options
