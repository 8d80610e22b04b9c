"""Train, encode, evaluate, leaderboard and zoo from the command line, on the digits; and Ctrl-C."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.cli import main, training
from models.codes.exchange import read_codes
from models.data import load_dataset
from models.engine import maps, trainer
from models.engine.checkpoint import load_checkpoint
from models.engine.run_files import CodeMap
from models.engine.store import StoredRun
from models.types import BinaryCodes, CodebookCodes

TRAIN = ["train", "dpsh", "--dataset", "digits", "--n-bits", "16", "--epochs", "3"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty sample-data folder; maps, which take long and are tested elsewhere, are not drawn."""
    with pytest.MonkeyPatch.context() as patch:
        root = tmp_path_factory.mktemp("sample_data")
        patch.setenv("HASHLENS_SAMPLE_DATA", str(root))
        patch.setenv("HASHLENS_CACHE", str(tmp_path_factory.mktemp("cache")))
        flat = CodeMap(np.zeros((1397, 2), np.float32), np.zeros((400, 2), np.float32), 0.0, 10)
        patch.setattr(maps, "map_codes", lambda database, query: flat)
        for method in ("itq", "dpq"):
            out = str(root / "runs" / "digits" / method / "16-s0")
            epochs = [] if method == "itq" else ["--epochs", "1"]
            assert (
                main(["train", method, "--dataset", "digits", "--n-bits", "16", "--out", out, *epochs]) == 0
            )
        yield root


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    digits = load_dataset("digits")
    for row in range(3):
        digits.image("query", row).save(folder / f"{row}.png")
    digits.image("query", 3).convert("CMYK").save(folder / "more" / "3.JPG", format="jpeg")
    (folder / "readme.txt").write_text("not an image")
    return folder


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_train_prints_the_run(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "run")
    options = ["--seed", "4", "--set", "eta=0.2", "--lr", "0.002"]
    made = document(capsys, *TRAIN, *options, "--out", out)
    assert made["run"] == out
    assert made["config"]["seed"] == 4
    assert made["config"]["lr"] == 0.002
    assert made["config"]["params"]["eta"] == 0.2
    scores = document(capsys, "evaluate", "--run", out)
    assert made["metrics"]["map"] == pytest.approx(scores["map"], abs=1e-6)
    assert main([*TRAIN, "--epochs", "1", "--out", out]) == 0
    assert "mAP" in capsys.readouterr().out


def test_label_vectors_of_the_user(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file's fingerprint is in the result; names without a vector and methods without use are named."""
    names = load_dataset("digits").info.class_names
    lines = [f"{name} {i} {i * i} 1" for i, name in enumerate(names)]
    (tmp_path / "words.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (tmp_path / "few.txt").write_text("\n".join(lines[:8]) + "\n", "utf-8")
    train = ["train", "dvsq", "--dataset", "digits", "--n-bits", "16", "--epochs", "1"]
    out = ["--out", str(tmp_path / "run")]
    document(capsys, *train, *out, "--label-vectors", str(tmp_path / "words.txt"))
    stored = StoredRun(tmp_path / "run")
    sha256 = hashlib.sha256((tmp_path / "words.txt").read_bytes()).hexdigest()
    assert stored.config.label_vectors == sha256 and stored.result["config"]["label_vectors"] == sha256
    assert load_checkpoint(stored.checkpoint_path).config == stored.config
    assert main([*train, *out, "--label-vectors", str(tmp_path / "few.txt")]) == 2
    assert "no vector for 2 of 10 classes: eight, nine" in capsys.readouterr().err
    assert main([*TRAIN, *out, "--label-vectors", str(tmp_path / "words.txt")]) == 2
    assert "dpsh reads no label vectors" in capsys.readouterr().err


def test_one_cpu_device_asked_for_by_name_is_the_default(home: Path, tmp_path: Path) -> None:
    for name, options in (("plain", []), ("asked", ["--accelerator", "cpu", "--devices", "1"])):
        assert main([*TRAIN, "--epochs", "1", "--out", str(tmp_path / name), *options]) == 0
    plain, asked = (tmp_path / name / "checkpoint.safetensors" for name in ("plain", "asked"))
    assert plain.read_bytes() == asked.read_bytes()


def test_an_unknown_device_is_named(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main([*TRAIN, "--out", str(tmp_path), "--accelerator", "abacus"]) == 2
    assert "accelerator=abacus" in capsys.readouterr().err


def test_evaluate_and_leaderboard_of_stored_runs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = document(capsys, "evaluate", "--run", "digits/itq/16")
    rows = document(capsys, "leaderboard", "--dataset", "digits")
    keys = "method n_bits dataset protocol backbone mode n_seeds map_expected map_spread source"
    assert [list(row) for row in rows] == [keys.split()] * 2
    row = next(row for row in rows if row["method"] == "itq")
    assert row["map_expected"] == pytest.approx(scores["map"]["expected"], abs=1e-6)
    assert document(capsys, "leaderboard", "--dataset", "toyworld") == []
    assert main(["leaderboard"]) == 0
    assert "itq" in capsys.readouterr().out
    assert main(["leaderboard", "--dataset", "toyworld"]) == 0
    assert "No stored runs" in capsys.readouterr().out


def test_train_encode_and_list_on_a_hand_made_descriptor(
    home: Path,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    made = document(capsys, "train", "itq", "--dataset", "digits", "--n-bits", "16", "--backbone", "hog")
    assert made["run"] == str(Path("runs", "digits", "itq", "16-s0-hog"))
    assert made["config"]["backbone"] == "hog"
    images = [str(pictures / f"{row}.png") for row in range(3)]
    out = str(tmp_path / "codes.npz")
    assert document(capsys, "encode", made["run"], "--images", *images, "--out", out)["n_images"] == 3
    encoded, stored = read_codes(out).codes, StoredRun(Path(made["run"])).codes("query")
    assert isinstance(encoded, BinaryCodes) and isinstance(stored, BinaryCodes)
    assert (encoded.packed == stored.packed[:3]).all(), "an image gets the code that the data set has"
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path))
    assert [row["backbone"] for row in document(capsys, "leaderboard")] == ["hog"]
    scores = document(capsys, "evaluate", "--run", "digits/itq/16-s0-hog")
    assert scores["map"]["expected"] == pytest.approx(made["metrics"]["map"]["expected"], abs=1e-6)


def test_a_descriptor_cannot_be_trained_along(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main([*TRAIN, "--backbone", "pixels", "--mode", "finetune"]) == 2
    assert "no weights that could be trained" in capsys.readouterr().err


def test_encode_a_folder(
    home: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "codes.npz")
    made = document(capsys, "encode", "digits/itq/16", "--images", str(pictures), "--out", out)
    assert made == {"out": out, "n_images": 4, "n_bits": 16}
    file = read_codes(out)
    assert isinstance(file.codes, BinaryCodes)
    assert file.filenames is not None
    assert file.filenames.tolist() == ["0.png", "1.png", "2.png", str(Path("more", "3.JPG"))]


def test_every_unreadable_file_is_named_and_can_be_left_out(
    home: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "0-cut.png").write_bytes((pictures / "0.png").read_bytes()[:60])
    (pictures / "text.jpg").write_text("no image")
    command = ["encode", "digits/itq/16", "--images", str(pictures), "--out", str(tmp_path / "codes.npz")]
    capsys.readouterr()
    assert main(command) == 2
    said = capsys.readouterr().err
    assert "2 of 6 files" in said and "0-cut.png" in said and "text.jpg" in said and "0x" not in said
    assert not (tmp_path / "codes.npz").exists()
    made = document(capsys, *command, "--skip-unreadable")
    assert made["n_images"] == 4 and len(made["unreadable"]) == 2
    assert read_codes(tmp_path / "codes.npz").filenames is not None
    assert main([*command[:3], str(pictures / "text.jpg"), *command[4:], "--skip-unreadable"]) == 2


def test_encode_files_with_codebooks_gives_queries_and_database(
    home: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "codes.npz")
    files = [str(pictures / "1.png"), str(pictures / "0.png")]
    checkpoint = str(home / "runs" / "digits" / "dpq" / "16-s0" / "checkpoint.safetensors")
    assert document(capsys, "encode", checkpoint, "--images", *files, "--out", out)["n_images"] == 2
    file = read_codes(out)
    assert isinstance(file.codes, CodebookCodes)
    assert file.embeddings is not None
    assert file.filenames is not None
    assert file.filenames.tolist() == files
    found = document(capsys, "search", "--query", out, "--database", out, "-k", "1")
    assert found["results"][0]["query"] == {"row": 0, "filename": files[0]}


def test_encoding_in_parts_changes_nothing(
    home: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.cli import coding

    command = ["encode", "digits/itq/16", "--images", str(pictures), "--out"]
    assert main([*command, str(tmp_path / "whole.npz")]) == 0
    monkeypatch.setattr(coding, "IMAGES_AT_ONCE", 1)
    assert main([*command, str(tmp_path / "parts.npz")]) == 0
    assert (tmp_path / "whole.npz").read_bytes() == (tmp_path / "parts.npz").read_bytes()


def test_a_bad_image_is_named_and_nothing_is_written(
    home: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (pictures / "1.png").read_bytes()
    (pictures / "1.png").write_bytes(whole[: len(whole) // 2])
    capsys.readouterr()
    out = tmp_path / "codes.npz"
    assert main(["encode", "digits/itq/16", "--images", str(pictures), "--out", str(out)]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: {pictures / '1.png'}: ")
    assert printed.count("\n") == 1
    assert not out.exists()


def test_a_foreign_checkpoint_is_refused(home: Path, pictures: Path, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "checkpoint.safetensors", format="png")
    command = ["encode", str(tmp_path / "checkpoint.safetensors"), "--images", str(pictures)]
    assert main([*command, "--out", str(tmp_path / "out.npz")]) == 2


def undisturbed(folder: Path) -> dict[str, Any]:
    assert main([*TRAIN, "--out", str(folder)]) == 0
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return found


@pytest.mark.parametrize("where", ["inside the loop", "outside the loop"])
def test_ctrl_c_keeps_the_state_and_resume_goes_on(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    where: str,
) -> None:
    folder, calls = tmp_path / "run", 0
    module, name = (trainer, "train_health") if where == "inside the loop" else (training, "_terms")
    original = getattr(module, name)

    def pressed(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            signal.raise_signal(signal.SIGINT)
        return original(*arguments)

    with monkeypatch.context() as patch:
        # Only epochs are told, whatever the speed of the machine: the call above is in a known epoch.
        train = trainer.train
        patch.setattr("models.engine.run.train", lambda *a, **k: train(*a, **k, step_interval_s=1e9))
        patch.setattr(module, name, pressed)
        capsys.readouterr()
        assert main([*TRAIN, "--out", str(folder), "--json"]) == 130
    printed = capsys.readouterr()
    state_file = folder / training.STATE_FILE
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert str(state_file) in printed.err
    assert "--resume" in printed.err
    assert state_file.is_file()
    assert not (folder / "result.json").exists()

    assert main([*TRAIN, "--out", str(folder), "--resume"]) == 0
    assert not state_file.exists()
    resumed = json.loads((folder / "result.json").read_text())
    assert resumed["metrics"] == undisturbed(tmp_path / "other")["metrics"]


def test_ctrl_c_in_the_first_epoch_says_that_nothing_is_kept(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(*arguments: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(trainer, "train_health", pressed)
    capsys.readouterr()
    assert main([*TRAIN, "--out", str(tmp_path / "run")]) == 130
    printed = capsys.readouterr().err
    assert "Nothing is kept" in printed
    assert "--resume" not in printed


def test_zoo(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from models.engine import zoo
    from models.engine.zoo import TaskDone, ZooFinished, ZooStarted
    from models.engine.zoo_tasks import Outcome

    asked: list[Any] = []
    outcomes = [Outcome("one", "made"), Outcome("two", "failed", "no\nluck")]

    def few(*arguments: Any, **options: Any) -> Iterator[Any]:
        asked.append((arguments, options))
        yield ZooStarted(2, 1)
        for n, outcome in enumerate(outcomes, start=1):
            yield TaskDone(outcome, n, 2, 1.0)
        yield ZooFinished(3.5, 1, 0, tuple(o for o in outcomes if o.state == "failed"))

    monkeypatch.setattr(zoo, "zoo", few)
    capsys.readouterr()
    assert (
        main(["zoo", "--datasets", "digits", "--n-bits", "16", "--seeds", "0", "--jobs", "1", "--json"]) == 1
    )
    assert asked == [((["digits"], None, (16,), (0,), 1), {"force": False})]
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {
        "seconds": 3.5,
        "n_made": 1,
        "n_current": 0,
        "failed": [{"name": "two", "detail": "no\nluck"}],
    }
    assert printed.err == "1/2 one: made\n2/2 two: failed no luck\n"
    outcomes[1] = Outcome("two", "current")
    assert main(["zoo", "--force"]) == 0
    assert asked[1] == ((None, None, zoo.N_BITS, zoo.SEEDS, 2), {"force": True})
    assert "0 failed" in capsys.readouterr().out


def test_ctrl_c_in_the_zoo_says_what_is_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from models.engine import zoo

    closed: list[bool] = []

    def endless(*arguments: Any, **options: Any) -> Iterator[Any]:
        try:
            yield zoo.ZooStarted(2, 1)
            raise KeyboardInterrupt
        finally:
            closed.append(True)

    monkeypatch.setattr(zoo, "zoo", endless)
    capsys.readouterr()
    assert main(["zoo"]) == 130
    assert "Finished runs are kept" in capsys.readouterr().err
    assert closed == [True]
