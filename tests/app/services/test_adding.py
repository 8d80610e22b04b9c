"""What is found before anything is read, who may name a folder, and what can be trained."""

from __future__ import annotations

import dataclasses
import io
import os
import time
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from app.services import adding, catalog
from models.data.library import library_root
from models.errors import DataError
from tests.app.own import COLOURS, image_zip


def look(path: Path, name: str = "mine", labels: str = "") -> adding.Preview:
    return adding.look(name, str(path), labels, 0.25, 0.5, 0)


def test_folders_of_a_zip_are_classes(library: Path, tmp_path: Path) -> None:
    found = look(image_zip(tmp_path / "a.zip", extra={"notes.txt": b"hello", "red/empty.png": b""}))
    assert (found.n_images, found.n_classes, found.label_kind) == (36, 3, "single")
    assert (found.n_query, found.n_database) == (9, 27)
    assert {shown.name: shown.count for shown in found.classes} == dict.fromkeys(COLOURS, 12)
    assert all(len(shown.pictures) == adding.SHOWN_EACH for shown in found.classes)
    assert {file for file, _ in found.left_out} >= {"notes.txt"}
    assert all(reason for _, reason in found.left_out)
    assert not library.exists(), "looking writes nothing"


def test_a_table_beside_the_zip(library: Path, tmp_path: Path) -> None:
    path = image_zip(tmp_path / "a.zip", each=2, folders=False)
    table = tmp_path / "labels.csv"
    table.write_text(
        "image,labels\nred-000.png,warm;bright\nred-001.png,warm\ngreen-000.png,cold\nblue-000.png,cold\n"
    )
    found = look(path, labels=str(table))
    assert found.label_kind == "multi"
    assert {shown.name: shown.count for shown in found.classes} == {"warm": 2, "cold": 2, "bright": 1}


def test_without_labels(library: Path, tmp_path: Path) -> None:
    found = look(image_zip(tmp_path / "a.zip", folders=False))
    assert found.n_classes == 0 and found.classes == ()
    assert len(found.pictures) == adding.SHOWN_ALONE


def test_a_broken_picture_does_not_stop_the_looking(library: Path, tmp_path: Path) -> None:
    found = look(image_zip(tmp_path / "a.zip", each=3, extra={"red/0.png": b"\x89PNG\r\n\x1a\n" + b"x" * 40}))
    assert found.n_classes == 3
    assert min(len(shown.pictures) for shown in found.classes) >= 2


def test_what_stands_in_the_way_is_said(library: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no"):
        look(tmp_path / "nowhere")
    path = image_zip(tmp_path / "a.zip")
    with pytest.raises(DataError, match="name"):
        look(path, name="Not Allowed")
    with pytest.raises(DataError, match="embedded"):
        look(path, name="toyworld")


def test_a_dropped_file_is_kept_once_and_not_for_ever(library: Path) -> None:
    path = adding.keep_upload(b"abc", "My pets (2).zip")
    assert adding.keep_upload(b"abc", "My pets (2).zip") == path and path.read_bytes() == b"abc"
    assert path.is_relative_to(library_root())
    assert path.name == "My pets -2-.zip", "messages name the file by what its owner calls it"
    old = time.time() - 2 * adding.KEPT_S
    os.utime(path.parent, (old, old))
    other = adding.keep_upload(b"def", "labels.csv")
    assert other.is_file() and not path.exists()
    assert adding.dropped(str(other), "", "/elsewhere/a.zip") == (other,)


@pytest.mark.parametrize(
    "file", ["../../evil.zip", "/etc/passwd.zip", ".zip", "a/../b.zip", "x" * 300 + ".zip"]
)
def test_a_dropped_file_stays_where_it_is_put(library: Path, file: str) -> None:
    path = adding.keep_upload(b"abc", file)
    assert path.resolve().parent.parent == (library_root() / "incoming").resolve()
    assert len(path.name) < 80


def test_a_message_names_the_dropped_file(library: Path) -> None:
    path = adding.keep_upload(b"no zip at all", "holiday.zip")
    with pytest.raises(DataError, match=r"^holiday\.zip is no zip archive"):
        look(path)


def test_the_server_takes_what_the_page_promises() -> None:
    config = tomllib.loads((Path(__file__).parents[3] / ".streamlit/config.toml").read_text())
    assert config["server"]["maxUploadSize"] == adding.CAP_MB


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("My Pets (2).zip", "my-pets-2"),
        ("toyworld.zip", "toyworld-2"),
        ("database.npz", "codes"),
        ("???.zip", "mine"),
        ("a" * 99, "a" * 36),
    ],
)
def test_suggested_names_are_allowed_and_free(library: Path, file: str, name: str) -> None:
    assert adding.suggested_name(file) == name


@pytest.mark.parametrize(
    ("address", "headers", "may"),
    [
        ("127.0.0.1", {"Host": "localhost:8501"}, True),
        ("localhost", {"Host": "127.0.0.1:8501"}, True),
        ("::1", {"Host": "[::1]:8501"}, True),
        ("127.0.0.1", {}, True),
        ("0.0.0.0", {"Host": "localhost:8501"}, False),
        ("", {"Host": "localhost"}, False),
        ("192.168.0.7", {"Host": "192.168.0.7"}, False),
        ("127.0.0.1", {"Host": "app.example.com"}, False),
        ("127.0.0.1", {"Host": "localhost", "X-Forwarded-For": "10.0.0.1"}, False),
    ],
)
def test_a_folder_is_named_only_from_the_same_computer(
    address: str, headers: dict[str, str], may: bool
) -> None:
    why_not = adding.why_no_folder(address, headers)
    assert (why_not == "") is may
    assert may or "zip" in why_not


def test_methods_that_cannot_take_the_data_say_why(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = catalog.method_card
    changed = {"dpsh": {"reads_multi_label": False, "multi_label_note": "It needs one class."}}
    monkeypatch.setattr(catalog, "method_card", lambda name: card(name) | changed.get(name, {}))
    single = adding.choices("single", labelled=True)
    assert not any(choice.why_not for choice in single)
    multi = {choice.name: choice.why_not for choice in adding.choices("multi", labelled=True)}
    assert "It needs one class." in multi["dpsh"] and not multi["lsh"]
    bare = adding.choices("multi", labelled=False)
    assert bare[0].name == "lsh" and not bare[0].why_not
    assert all("none" in choice.why_not for choice in bare[1:])


def test_lengths_follow_the_method_s_rule(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = catalog.method_card
    rule = {"n_bits": {"lowest": 1, "highest": 48, "multiple_of": 16}}
    monkeypatch.setattr(catalog, "method_card", lambda name: card(name) | rule)
    assert {choice.lengths for choice in adding.choices("single", labelled=True)} == {(16, 32, 48)}


def test_the_suggestion_is_the_best_of_its_kind(stored: Path) -> None:
    adding.suggested_method.cache_clear()
    assert adding.suggested_method(labelled=False) == "lsh"
    assert adding.suggested_method(labelled=True) == "dpsh"


def test_backbones_are_told_from_torch_s_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    ready, missing = adding.backbones()
    assert ready == ("small_cnn",) and "resnet18" in missing
    folder = tmp_path / "hub/checkpoints"
    folder.mkdir(parents=True)
    (folder / "resnet18-f37072fd.pth").touch()
    ready, missing = adding.backbones()
    assert ready == ("small_cnn", "resnet18") and "resnet18" not in missing


def test_pictures_are_small(library: Path, tmp_path: Path) -> None:
    import base64

    found = look(image_zip(tmp_path / "a.zip", each=2))
    for shown in found.classes:
        for address in shown.pictures:
            image = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
            assert max(image.size) <= adding.PICTURE
    assert dataclasses.asdict(found)["copied"] is True


def test_the_same_on_the_command_line() -> None:
    assert adding.command_line("pets", "my pets.zip") == "python -m models import pets --images 'my pets.zip'"
    full = adding.command_line(
        "pets", "pets", "labels.csv", query_fraction=0.2, seed=3, link=True, training=("lsh", 48, "resnet18")
    )
    assert full.splitlines() == [
        "python -m models import pets --images pets --labels labels.csv --query-fraction 0.2 --seed 3 --link",
        "python -m models features pets --backbone resnet18",
        "python -m models train lsh --dataset pets --n-bits 48 --backbone resnet18",
    ]


def test_every_command_is_one_that_the_parser_takes() -> None:
    from models.cli.parser import build_parser

    text = adding.command_line("pets", "pets", training=("lsh", 48, "resnet18"))
    for line in text.splitlines():
        build_parser().parse_args(line.split()[3:])
