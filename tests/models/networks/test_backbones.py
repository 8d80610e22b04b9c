"""Backbones by name: weights from files, from the weights API, and every way in which that fails."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
import urllib.error
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from models.data.transforms import image_array, image_batch
from models.errors import ConfigError, UnknownNameError, WeightsError
from models.networks.backbones import (
    Backbone,
    backbone_from_state,
    load_backbone,
    torchvision_transform,
)
from models.networks.names import TORCHVISION
from models.torchvision_ops import declare_missing_ops

N_FEATURES = {
    "resnet18": 512,
    "resnet50": 2048,
    "alexnet": 4096,
    "mobilenet_v2": 1280,
    "mobilenet_v3_small": 1024,
    "squeezenet1_0": 512,
    "vit_b_16": 768,
}


def random_state(name: str, n_classes: int = 1000) -> dict[str, torch.Tensor]:
    declare_missing_ops()
    from torchvision.models import get_model

    state: dict[str, torch.Tensor] = get_model(name, num_classes=n_classes).state_dict()
    return state


def photograph(width: int = 320, height: int = 240) -> Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([rows % 256, columns % 256, (rows * 3 + columns * 5) % 256], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def program(code: str) -> str:
    root = Path(__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=root, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_names_are_readable_without_torch() -> None:
    code = (
        "import sys; from models.networks.names import backbone_names; "
        "print('torch' in sys.modules, *backbone_names())"
    )
    assert program(code).split() == ["False", "small_cnn", "pixels", "hog", *TORCHVISION]


def test_torchvision_imports_without_a_warning() -> None:
    code = (
        "from models.torchvision_ops import declare_missing_ops as d; a = d(); import torchvision; "
        "print(a == d() and torchvision.__version__ != '')"
    )
    assert program(code) == "True"


def test_unknown_name_lists_close_matches() -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean .*resnet18"):
        load_backbone("resnet81")
    with pytest.raises(UnknownNameError, match="backbone 'nothing'"):
        backbone_from_state("nothing", {})


@pytest.mark.parametrize("name", TORCHVISION)
def test_a_local_file_gives_penultimate_features(name: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(random_state(name), path)
    backbone = load_backbone(name, path)
    assert (backbone.name, backbone.n_features) == (name, N_FEATURES[name])
    images = torch.from_numpy(image_batch([photograph()], backbone.transform))
    with torch.no_grad():
        assert backbone(images).shape == (1, N_FEATURES[name])
    assert not backbone.training


def test_features_are_what_the_classifier_reads(tmp_path: Path) -> None:
    declare_missing_ops()
    from torchvision.models import get_model

    torch.manual_seed(0)
    whole = get_model("resnet18", weights=None).eval()
    save_file(whole.state_dict(), tmp_path / "resnet18.safetensors")
    backbone = load_backbone("resnet18", tmp_path / "resnet18.safetensors")
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(whole.fc(backbone(images)), whole(images))


@pytest.mark.parametrize("n_classes", [7, 1000])
def test_the_files_classifier_does_not_matter(n_classes: int) -> None:
    state = random_state("resnet18", n_classes)
    assert backbone_from_state("resnet18", state).n_features == 512
    without = {key: value for key, value in state.items() if not key.startswith("fc.")}
    assert backbone_from_state("resnet18", without).n_features == 512


def test_weights_of_half_precision_are_widened() -> None:
    state = {k: v.half() if v.is_floating_point() else v for k, v in random_state("resnet18").items()}
    backbone = backbone_from_state("resnet18", state)
    assert {p.dtype for p in backbone.parameters()} == {torch.float32}


def test_state_of_a_backbone_builds_an_equal_one() -> None:
    first = backbone_from_state("mobilenet_v3_small", random_state("mobilenet_v3_small"))
    second = backbone_from_state("mobilenet_v3_small", first.network.state_dict())
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(first(images), second(images))


@pytest.mark.parametrize("given", ["resnet50", "resnet34", "alexnet"])
def test_file_of_another_architecture_is_named(given: str, tmp_path: Path) -> None:
    path = tmp_path / f"{given}.pth"
    torch.save(random_state(given), path)
    with pytest.raises(
        WeightsError, match=rf"{given}\.pth does not hold the weights of resnet18: .*first \S+"
    ):
        load_backbone("resnet18", path)


def _text(path: Path) -> None:
    path.write_text("not weights")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _truncated(path: Path) -> None:
    content = io.BytesIO()
    torch.save(random_state("resnet18"), content)
    path.write_bytes(content.getvalue()[:100_000])


def _half_a_safetensors(path: Path) -> None:
    save_file(random_state("resnet18"), path)
    path.write_bytes(path.read_bytes()[:100_000])


def _foreign_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.txt", "x")


def _code(path: Path) -> None:
    torch.save({"weights": subprocess.run}, path)


@pytest.mark.parametrize(
    ("file", "write"),
    [
        ("w.pth", _text),
        ("w.safetensors", _text),
        ("w.pth", _empty),
        ("w.safetensors", _empty),
        ("w.pth", _truncated),
        ("w.safetensors", _half_a_safetensors),
        ("w.pth", _foreign_zip),
        ("w.pth", _code),
    ],
)
def test_unreadable_file_is_an_error_that_says_what_to_give(
    file: str, write: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / file
    write(path)
    with pytest.raises(WeightsError, match=rf"{file} cannot be read as weights .*complete state_dict"):
        load_backbone("resnet18", path)


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, torch.zeros(3)])
def test_torch_file_without_a_state_dict_is_refused(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"not a state_dict.*model\.state_dict"):
        load_backbone("resnet18", tmp_path / "w.pth")


def test_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no weights file absent\.pth"):
        load_backbone("resnet18", tmp_path / "absent.pth")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch's cache in an empty folder."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub" / "checkpoints"


class _Answer(io.BytesIO):
    """What urlopen returns: a body that ends early."""

    def info(self) -> Any:
        return type("Headers", (), {"get_all": lambda self, name: None})()


@pytest.mark.parametrize(
    "failure",
    [
        urllib.error.URLError("Name or service not known"),
        urllib.error.HTTPError("https://x", 403, "Forbidden", None, None),  # type: ignore[arg-type]
        TimeoutError("timed out"),
        ConnectionResetError("reset by peer"),
    ],
)
def test_failed_download_names_the_two_ways_out(
    failure: Exception, hub: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        assert socket.getdefaulttimeout() == 10.0, "a silent server must not hang the download"
        raise failure

    monkeypatch.setattr("torch.hub.urlopen", refuse)
    with pytest.raises(WeightsError, match=r"resnet18 could not be fetched .*weights_file.*small_cnn"):
        load_backbone("resnet18")
    assert socket.getdefaulttimeout() is None
    assert capsys.readouterr().out == "", "stdout belongs to the command line's JSON"


def test_partial_download_is_refused_and_not_kept(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.hub.urlopen", lambda *_, **__: _Answer(b"half a file"))
    with pytest.raises(WeightsError, match=r"invalid hash.*small_cnn"):
        load_backbone("resnet18")
    assert list(hub.iterdir()) == []


def test_damaged_file_in_torchs_cache_is_named(hub: Path) -> None:
    declare_missing_ops()
    from torchvision.models import ResNet18_Weights

    hub.mkdir(parents=True)
    file = hub / ResNet18_Weights.DEFAULT.url.rpartition("/")[2]
    file.write_bytes(b"half a file")
    with pytest.raises(WeightsError, match=rf"The file {file.name} in torch's cache is damaged; delete it"):
        load_backbone("resnet18")


def test_weights_in_torchs_cache_need_no_network(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare_missing_ops()
    from torchvision.models import ResNet18_Weights

    hub.mkdir(parents=True)
    torch.save(random_state("resnet18"), hub / ResNet18_Weights.DEFAULT.url.rpartition("/")[2])
    backbone = load_backbone("resnet18")
    assert backbone.weights_id == "ResNet18_Weights.IMAGENET1K_V1"


def test_missing_small_cnn_names_its_training_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = tmp_path / "small_cnn.safetensors"
    monkeypatch.setattr("models.networks.backbones.SMALL_CNN_WEIGHTS", absent)
    with pytest.raises(WeightsError, match="make backbone"):
        load_backbone("small_cnn")


def test_small_cnn_takes_a_local_file_too(tmp_path: Path) -> None:
    backbone = load_backbone("small_cnn")
    save_file(backbone.network.state_dict(), tmp_path / "mine.safetensors")
    again = load_backbone("small_cnn", tmp_path / "mine.safetensors")
    assert again.weights_id != backbone.weights_id
    save_file(random_state("resnet18"), tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match=r"other\.safetensors does not hold the weights of small_cnn"):
        load_backbone("small_cnn", tmp_path / "other.safetensors")


@pytest.mark.parametrize("name", TORCHVISION)
def test_every_name_has_a_transform_of_torchvisions_preset(name: str) -> None:
    """Our Pillow path equals torchvision's, so published weights see what they were trained on."""
    declare_missing_ops()
    from torchvision.models import get_model_weights

    transform = backbone_from_state(name, random_state(name)).transform
    preset = get_model_weights(name).DEFAULT.transforms()
    for size in ((320, 240), (100, 333), (500, 375)):
        ours, theirs = image_array(photograph(*size), transform), preset(photograph(*size)).numpy()
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize(("image_size", "side"), [(8, 64), (32, 160), (44, 220), (64, 224), (500, 224)])
def test_small_images_are_enlarged_so_far_and_no_further(image_size: int, side: int) -> None:
    transform = torchvision_transform("mobilenet_v2", image_size)
    assert transform.size == side
    assert transform.resize == (232 if side == 224 else side), "of a small image nothing is cut off"
    assert transform.mean == torchvision_transform("mobilenet_v2").mean
    assert torchvision_transform("vit_b_16", image_size).size == 224, "its positions belong to one size"


def test_the_size_of_the_input_can_be_asked_for() -> None:
    state = random_state("resnet18")
    backbone = backbone_from_state("resnet18@96", state, image_size=500)
    assert backbone.name == "resnet18@96"
    assert (backbone.transform.resize, backbone.transform.size) == (96, 96)
    assert load_backbone("small_cnn@48").transform.size == 48


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vit_b_16@112", "size of its own"),
        ("hog@32", "size of its own"),
        ("resnet18@32", "at least 64"),
        ("small_cnn@16", "at least 32"),
    ],
)
def test_a_size_that_a_network_cannot_take_is_refused(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_backbone(name)


@pytest.mark.parametrize("name", ["resnet18@", "resnet18@064", "resnet18@-64", "resnet18@64@64", "@64"])
def test_a_size_is_a_plain_number(name: str) -> None:
    with pytest.raises(UnknownNameError, match="backbone"):
        load_backbone(name)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_0"])
def test_real_weights_tell_cifar_classes_apart(name: str, shared_data: Path) -> None:
    """Real weights on real photographs: the nearest image is of the same class far above chance."""
    backbone = load_backbone(name, shared_data / "weights" / f"{name}_imagenet.safetensors")
    images, classes = _cifar(shared_data, n_per_class=8)
    with torch.no_grad():
        features = backbone(torch.from_numpy(image_batch(images, backbone.transform)))
    features = torch.nn.functional.normalize(features - features.mean(dim=0))
    similarity = features @ features.T
    similarity.fill_diagonal_(-1)
    nearest = similarity.argmax(dim=1).numpy()
    assert (classes[nearest] == classes).mean() > 0.5  # chance is 0.25


def _cifar(shared_data: Path, n_per_class: int) -> tuple[list[Image.Image], np.ndarray[Any, Any]]:
    wanted = ("airplane", "automobile", "horse", "frog")
    images = []
    with zipfile.ZipFile(shared_data / "cifar10-images.zip") as archive:
        for name in wanted:
            members = sorted(
                m for m in archive.namelist() if m.startswith(f"test/{name}/") and m.endswith(".jpg")
            )
            images += [Image.open(io.BytesIO(archive.read(m))).convert("RGB") for m in members[:n_per_class]]
    return images, np.repeat(np.arange(len(wanted)), n_per_class)


def test_backbone_is_trainable_for_finetuning() -> None:
    backbone: Backbone = backbone_from_state("resnet18", random_state("resnet18"))
    backbone.train()
    backbone(torch.randn(2, 3, 64, 64)).sum().backward()
    assert all(p.grad is not None for p in backbone.parameters())
