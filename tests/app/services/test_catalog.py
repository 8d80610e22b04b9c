"""What can be chosen, and what the app opens with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.services import NotAvailableError, catalog
from models.engine.store import RunSummary


def test_only_what_is_stored_can_be_chosen(stored: Path) -> None:
    assert [info.name for info in catalog.datasets()] == ["toyscenes", "digits"]
    assert catalog.methods("digits") == ("lsh", "dpsh", "dpq")
    assert catalog.lengths("digits", "dpq") == (16,)
    assert catalog.lengths("digits", "nonsense") == ()
    assert catalog.methods("nowhere") == ()


def test_no_data_says_what_to_do(tmp_path: Path, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HASHLENS_SAMPLE_DATA", str(tmp_path))
    catalog._stored.cache_clear()
    catalog.datasets.cache_clear()
    with pytest.raises(NotAvailableError, match="make zoo"):
        catalog.datasets()


def test_opens_with_bits_to_show(stored: Path) -> None:
    for dataset in ("digits", "toyscenes"):
        method = catalog.default_method(dataset)
        assert catalog.has_bits(dataset, method, catalog.default_length(dataset, method))


def test_of_equally_good_methods_the_least_collapsed_opens(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Run:
        def __init__(self, expected: float, distinct: int) -> None:
            self.result = {"metrics": {"map": {"expected": expected}}, "health": {"distinct_codes": distinct}}

    runs = {"lsh": Run(0.4, 9999), "dpsh": Run(0.90, 300), "dpq": Run(0.91, 20)}
    monkeypatch.setattr(catalog, "open_run", lambda dataset, method, n_bits: runs[method])
    assert catalog.default_method("digits") == "dpsh"


def test_opens_with_a_query_of_middling_difficulty(stored: Path) -> None:
    ap = catalog.open_run("digits", catalog.default_method("digits"), 32).per_query["ap_expected"]
    opening = ap[catalog.default_query("digits")]
    assert abs(opening - ap.mean()) == np.abs(ap - ap.mean()).min()


def test_an_image_is_described_by_its_caption_or_its_classes(stored: Path) -> None:
    names = catalog.label_names("toyscenes", "query", 0)
    assert "tag 0" in names
    assert catalog.describe("toyscenes", "query", 0) == ", ".join(names)


def test_each_input_of_a_method_is_a_choice_of_its_own(inputs: Path) -> None:
    assert catalog.methods("digits") == ("lsh", "dpsh", "dpsh~finetune", "dpsh~resnet18", "dpq")
    assert catalog.lengths("digits", "dpsh~finetune") == (32,)
    run = catalog.open_run("digits", "dpsh~finetune", 32)
    assert (run.config.method, run.config.mode, run.folder.name) == ("dpsh", "finetune", "32-s0-finetune")
    assert catalog.open_run("digits", "dpsh~resnet18", 32).config.backbone == "resnet18"
    assert catalog.default_method("digits") != "dpsh~finetune", "the best, but its network is not stored"


def test_figures_alone_are_no_choice_and_are_not_forgotten(inputs: Path) -> None:
    assert set(catalog.scored("digits")) - set(catalog.methods("digits")) == {"lsh~pixels", "lsh~hog", "dsh"}
    assert catalog.lengths("digits", "dpsh") == (16, 32)
    assert catalog.scored_lengths("digits", "dpsh") == (16, 24, 32)
    assert catalog.lengths("digits", "dsh") == ()
    assert "figures only" in catalog.why_no_runs("digits", "dsh")
    assert "nobody has run it" in catalog.why_no_runs("toyscenes", "dsh")


def test_labels_say_what_else_a_name_says(inputs: Path) -> None:
    assert catalog.method_label("dpsh~finetune") == "DPSH, fine-tuned"
    assert catalog.method_label("dpsh~resnet18~finetune") == "DPSH, fine-tuned resnet18"
    assert catalog.method_label("lsh~hog") == "LSH on HOG"
    assert catalog.run_label("dpsh~resnet18", 32) == "DPSH 32 bits on resnet18"
    assert catalog.method_entry("dpsh~finetune") == "DPSH, fine-tuned · pairwise"
    assert catalog.method_card("dpsh~resnet18")["name"] == "dpsh"
    assert catalog.names_of("digits", "dpsh") == ("dpsh", "dpsh~finetune", "dpsh~resnet18")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("dpsh", True),
        ("dpsh~finetune", True),
        ("dpsh~resnet18~finetune", True),
        ("dpsh~finetune~resnet18", False),
        ("dpsh~<b>", False),
        ("dpsh~", False),
        ("nobody~finetune", False),
    ],
)
def test_only_well_formed_names_are_known(inputs: Path, name: str, known: bool) -> None:
    assert catalog.is_known(name) == known


def summary(backbone: str, method: str = "dpsh", mode: str = "head", seed: int = 0) -> RunSummary:
    return RunSummary("x", method, 16, seed, True, backbone, mode)  # type: ignore[arg-type]


def test_the_main_input_is_the_default_backbone_or_the_one_with_most_runs() -> None:
    many = [summary("resnet18", method) for method in ("lsh", "dpsh", "dsh")]
    tuned = [summary("alexnet", method, "finetune") for method in ("a", "b", "c", "d")]
    pixels = [summary("pixels", method) for method in ("a", "b", "c", "d")]
    seeds = [summary("resnet50", seed=seed) for seed in range(1, 9)]
    assert catalog._named([*many, summary("small_cnn")]).main == "small_cnn"
    assert catalog._named([*many, *tuned, *pixels, *seeds]).main == "resnet18"
    assert set(catalog._named([*many, *tuned]).coded) >= {"dpsh", "a~alexnet~finetune"}
    assert catalog._named(tuned).main == "alexnet"
    assert "a~finetune" in catalog._named(tuned).coded


def test_a_run_without_its_network_says_which_why_and_what_to_do(inputs: Path) -> None:
    there = [inputs / f"runs/digits/{run}/checkpoint.safetensors" for run in ("lsh/32-s0", "dpsh/32-s0")]
    for path in there:
        path.touch()
    try:
        assert catalog.why_no_network("digits", "lsh", 32) == ""
        told = catalog.why_no_network("digits", "dpsh~finetune", 32)
    finally:
        for path in there:
            path.unlink()
    for part in (
        "DPSH, fine-tuned at 32 bits on digits",
        "backbone was trained along",
        "whose network is here (DPSH, LSH)",
        "`python -m models train dpsh --dataset digits --n-bits 32 --mode finetune`",
    ):
        assert part in told
    assert "Ask with a stored image" in catalog.why_no_network("digits", "dpq", 16)


def test_codes_made_elsewhere_have_no_network(own: Path) -> None:
    told = catalog.why_no_network("given", "own", 16)
    assert "made elsewhere" in told
    assert "train" not in told
