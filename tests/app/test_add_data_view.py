"""The Add data page: what is found, what can be trained, the job in every state, forgetting, codes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.services import add_job, adding, catalog
from app.services.add_worker import Images, Request, Training
from tests.app.own import code_files, image_zip
from tests.app.pages import open_page, words
from tests.app.services.test_add_job import ALL, tells, wait  # noqa: F401  (a fixture)

Tells = Callable[..., None]


@pytest.fixture(autouse=True)
def no_job(own: Path) -> Iterator[None]:
    add_job.dismiss()
    yield
    add_job.dismiss()


def folder_page(path: Path) -> AppTest:
    """The page with the folder or zip named."""
    app = open_page("add_data")
    app.segmented_control(key="add_source").set_value("folder").run()
    app.text_input(key="add_folder").set_value(str(path)).run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return words(app) + " ".join(box.value for kind in ("info", "error", "warning") for box in app.get(kind))


def test_opens_with_a_place_to_drop_and_the_list(tmp_path: Path) -> None:
    app = open_page("add_data")
    assert not app.exception and not app.error
    assert "python -m models import NAME --images FILE.zip" in [code.value for code in app.code]
    text = words(app)
    assert "**bare**" in text and "no labels" in text and "**given**" in text
    assert "items without images" in text


def test_what_is_found_is_shown_before_anything_is_read(own: Path, tmp_path: Path) -> None:
    app = folder_page(image_zip(tmp_path / "pets.zip", extra={"notes.txt": b"x"}))
    assert not app.error
    text = words(app)
    assert "<b>36</b>" in text and "red" in text and "data:image/jpeg" in text
    assert any("notes.txt" in str(frame.value) for frame in app.dataframe)
    assert app.button(key="add_start").label == "Add pets"
    assert not app.button(key="add_start").disabled
    assert not (own / "datasets/pets").exists()


def test_fractions_decide_the_counts(tmp_path: Path) -> None:
    app = folder_page(image_zip(tmp_path / "pets.zip"))
    app.number_input(key="add_queries").set_value(0.5).run()
    assert not app.exception
    assert "about 18" in words(app)


@pytest.mark.parametrize("name", ["Not allowed", "toyworld", "bare", ""])
def test_a_name_that_cannot_be_taken_is_said(tmp_path: Path, name: str) -> None:
    app = folder_page(image_zip(tmp_path / "pets.zip"))
    app.text_input(key="add_name_pets").set_value(name).run()
    assert not app.exception
    assert len(app.error) == 1
    assert not [button for button in app.button if button.key == "add_start"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    app = folder_page(tmp_path / "nowhere")
    assert "There is no" in app.error[0].value


def test_without_labels_only_methods_that_need_none(tmp_path: Path) -> None:
    app = folder_page(image_zip(tmp_path / "pets.zip", folders=False))
    assert "No labels were found" in said(app)
    method = next(box for box in app.selectbox if box.label == "Train with")
    assert method.value == "lsh"
    assert not app.button(key="add_start").disabled
    method.set_value("dpsh").run()
    assert "learns from labels" in app.warning[0].value
    assert app.button(key="add_start").disabled


def test_a_server_that_others_reach_takes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "_is_loopback", lambda address: False)
    app = open_page("add_data")
    app.segmented_control(key="add_source").set_value("folder").run()
    assert "folders of another machine" in app.info[0].value
    assert not app.text_input
    assert "models forget bare" in said(app)
    assert not [button for button in app.button if str(button.key).startswith("own_forget_now")]


REQUEST = Request("bare", images=Images("a.zip"), training=Training("lsh", 16, "small_cnn"))


def test_the_job_is_seen_by_whoever_opens_the_page(tells: Tells) -> None:  # noqa: F811
    tells([*ALL[:3], {"sleep": 60}])
    job = add_job.start(REQUEST)
    wait(lambda: job.steps[0].done == 30)
    app = open_page("add_data")
    assert not app.exception
    text = words(app)
    assert "Adding bare" in text and "30 of 31 images" in text and "50 images/s" in text
    assert "Left out so far: 1 file." in text
    assert "about 2 s left" in text
    assert not [button for button in app.button if button.key == "add_start"]
    app.button(key="add_cancel").click().run()
    wait(lambda: not job.running)
    app.run()
    assert not app.exception
    assert "was not finished" in words(app) and "Nothing was kept" in said(app)
    app.button(key="add_dismiss").click().run()
    assert "was not finished" not in words(app)
    assert app.segmented_control(key="add_source")


def test_finished_with_a_report_and_a_way_to_search(tells: Tells) -> None:  # noqa: F811
    tells([event | ({"method": "lsh", "n_bits": 16} if event["event"] == "stored" else {}) for event in ALL])
    job = add_job.start(REQUEST)
    wait(lambda: not job.running)
    app = open_page("add_data")
    assert not app.exception and not app.error
    assert "bare is ready" in words(app)
    assert "One image twice." in app.warning[0].value
    assert any("a.txt" in str(frame.value) for frame in app.dataframe)
    search = app.button(key="add_search")
    assert search.label == "Search bare"


def test_errors_keep_the_images_that_were_read(tells: Tells) -> None:  # noqa: F811
    failed = {"event": "failed", "kind": "ConfigError", "message": "LSH cannot produce 7 bits."}
    tells([*ALL[:5], failed], code=2)
    job = add_job.start(REQUEST)
    wait(lambda: not job.running)
    app = open_page("add_data")
    assert not app.exception
    assert app.error[0].value == "LSH cannot produce 7 bits."
    assert "kept as **bare**" in said(app)


def test_a_crash_is_told_as_ours(tells: Tells) -> None:  # noqa: F811
    tells(ALL[:2], code=1, words="ValueError: a mistake")
    job = add_job.start(REQUEST)
    wait(lambda: not job.running)
    app = open_page("add_data")
    assert not app.exception
    assert app.error[0].value == "ValueError: a mistake"


def test_start_begins_what_was_chosen(tells: Tells, tmp_path: Path) -> None:  # noqa: F811
    tells(ALL)
    path = image_zip(tmp_path / "pets.zip")
    app = folder_page(path)
    app.button(key="add_start").click().run()
    job = add_job.current()
    assert job is not None and not app.exception
    wait(lambda: not job.running)
    method = adding.suggested_method(labelled=True)
    assert method is not None
    assert job.request == Request(
        "pets", images=Images(str(path), "", 0.1, 0.5, 0, False), training=Training(method, 32, "small_cnn")
    )
    assert path.exists(), "only what was dropped is removed"


def test_another_method_on_what_is_here(tells: Tells) -> None:  # noqa: F811
    tells(ALL[4:])
    app = open_page("add_data")
    app.segmented_control(key="add_source").set_value("here").run()
    box = app.selectbox(key="add_here")
    assert box.options == ["bare"], "codes without images cannot be trained on"
    app.button(key="add_start").click().run()
    job = add_job.current()
    assert job is not None and job.request == Request("bare", training=Training("lsh", 32, "small_cnn"))
    wait(lambda: not job.running)


def test_forget_asks_once(own: Path) -> None:
    app = open_page("add_data")
    assert "Files outside the library are not touched" in words(app)
    app.button(key="own_forget_now_bare").click().run()
    assert not app.exception
    assert not (own / "datasets/bare").exists()
    assert "**bare**" not in words(app)


@pytest.fixture
def downloadable(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the images of one data set be on offer."""
    data = catalog.open_dataset("given")
    info = dataclasses.replace(data.info, download_bytes=163_000_000, title="CIFAR-10")
    monkeypatch.setattr(type(data), "info", property(lambda self: info))


def bytes_of(done: int) -> dict[str, Any]:
    return {
        "event": "progress", "done": done, "total": 163_000_000, "eta_s": 20.0, "per_s": 4e6, "doing": "",
    }  # fmt: skip


@pytest.mark.usefixtures("downloadable")
def test_where_the_images_could_be_downloaded(tells: Tells) -> None:  # noqa: F811
    tells([{"event": "step", "step": "fetch"}, bytes_of(82_000_000), {"sleep": 60}])
    app = AppTest.from_function(_offer, default_timeout=60).run()
    assert not app.exception
    button: Any = app.button(key="fetch_images")
    assert button.label == "Download the images, 163 MB"
    assert "python -m models fetch given" in words(app)
    button.click().run()
    job = add_job.current()
    assert job is not None and job.request == Request("given", fetch=True)
    wait(lambda: job.steps[0].done > 0)
    app.run()
    (bar,) = app.get("progress")
    assert bar.proto.text == "82 MB of 163 MB, about 20 s left"  # type: ignore[attr-defined]
    page = open_page("add_data")
    assert "82 MB of 163 MB · 4.0 MB/s · about 20 s left" in words(page)
    app.button(key="fetch_cancel").click().run()
    wait(lambda: not job.running)
    app.run()
    assert app.button(key="fetch_images") and not app.error, "whoever cancels is told nothing more"


@pytest.mark.usefixtures("downloadable")
def test_a_download_that_failed_can_be_closed_and_tried_again(tells: Tells) -> None:  # noqa: F811
    step = {"event": "step", "step": "fetch"}
    failed = {"event": "failed", "kind": "NotAvailableError", "message": "The server answers 404. Try again."}
    tells([step, failed], code=2)
    job = add_job.start(Request("given", fetch=True))
    wait(lambda: not job.running)
    app = AppTest.from_function(_offer, default_timeout=60).run()
    assert [box.value for box in app.error] == ["The server answers 404. Try again."]
    app.button(key="fetch_dismiss").click().run()
    assert not app.error and add_job.current() is None
    tells([step, {"sleep": 60}])
    app.button(key="fetch_images").click().run()
    assert add_job.current() is not None and app.button(key="fetch_cancel")


def test_the_failure_of_another_data_set_stays_where_it_belongs(
    downloadable: None,
    tells: Tells,  # noqa: F811
) -> None:
    failed = {"event": "failed", "kind": "NotAvailableError", "message": "Gone."}
    tells([{"event": "step", "step": "fetch"}, failed], code=2)
    job = add_job.start(Request("another", fetch=True))
    wait(lambda: not job.running)
    app = AppTest.from_function(_offer, default_timeout=60).run()
    assert not app.error and app.button(key="fetch_images")


def test_what_was_downloaded_is_said_to_be_kept(tells: Tells) -> None:  # noqa: F811
    tells(
        [
            {"event": "step", "step": "fetch"},
            {"event": "step", "step": "read"},
            {"event": "failed", "kind": "DataError", "message": "Other images."},
        ],
        code=2,
    )
    job = add_job.start(Request("given", fetch=True))
    wait(lambda: not job.running)
    assert "The download of **given** is kept" in said(open_page("add_data"))


def _offer() -> None:
    from app.components.image_offer import image_offer

    image_offer("given")


def test_code_files_are_asked_for(tmp_path: Path) -> None:
    code_files(tmp_path, labelled=True)
    app = open_page("add_data")
    app.segmented_control(key="add_source").set_value("codes").run()
    assert not app.exception
    assert "codes.npz" in words(app)
    assert len(app.get("file_uploader")) == 2
