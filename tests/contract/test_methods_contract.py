"""What every registered method promises. A new method is tested here by being registered.

A method may be excused from a check only by `spec.exceptions`, check name to reason; the names are the keys
of `CHECKS`.
"""

from __future__ import annotations

import ast
import inspect
import json
import math
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.errors import ConfigError
from models.methods.base import Batch, CodebookMethod, Method, TrainSet, make_params
from models.registry import get_method, get_spec, method_names, spec_to_json
from models.spec import CodeKind, Family

N_FEATURES, N_CLASSES, N_TRAIN = 130, 4, 96
LENGTHS = (8, 12, 16, 24, 32, 48, 64, 128)
CHECKS = {
    "training": "has a loss that 20 steps lower",
    "batch_of_one": "takes a training batch of one image",
    "seed": "another seed gives other codes",
    "every_length": "produces every usual length that its rule allows on this data",
}


def methods(check: str | None = None) -> list[str]:
    """Registered methods, without those that declared an exception from `check`."""
    return [name for name in method_names() if check not in get_spec(name).exceptions]


def train_set(*, multi_label: bool = False) -> TrainSet:
    """Four overlapping classes of 130 standardised features; multi-label: a second label here and there."""
    generator = torch.Generator().manual_seed(11)
    classes = torch.arange(N_TRAIN) % N_CLASSES
    features = torch.randn(N_CLASSES, N_FEATURES, generator=generator)[classes]
    features = features + torch.randn(N_TRAIN, N_FEATURES, generator=generator)
    features = (features - features.mean(0)) / features.std(0)
    labels = classes[:, None] == torch.arange(N_CLASSES)
    if multi_label:
        labels = labels | (torch.rand(N_TRAIN, N_CLASSES, generator=generator) < 0.25)
    return TrainSet(features, labels, generator)


def shortest(name: str) -> int:
    return next(n for n in (16, *LENGTHS) if get_spec(name).n_bits.allows(n))


def build(name: str, train: TrainSet, n_bits: int | None = None, seed: int = 0) -> Method:
    torch.manual_seed(seed)
    method = get_method(name)(n_bits or shortest(name), N_FEATURES, N_CLASSES)
    method.before_fit(TrainSet(train.features, train.labels, torch.Generator().manual_seed(seed)))
    method.before_epoch(0, max(1, method.spec.recipe.epochs))
    return method


def codes(method: Method, features: Tensor) -> Tensor:
    """What would be stored: bits, or indices of words."""
    method.eval()
    with torch.no_grad():
        u = method(features)
        return method.assign(u) if isinstance(method, CodebookMethod) else method.binarize(u)


def loss_of(method: Method, features: Tensor, labels: Tensor, u: Tensor | None = None) -> dict[str, Tensor]:
    method.train()
    outputs = method(features) if u is None else u
    return method.loss(Batch(features, outputs, labels, torch.arange(len(features))))


def run_steps(method: Method, train: TrainSet, n_steps: int) -> list[float]:
    """Full-batch steps with the method's own recipe and hooks; the loss before each."""
    recipe = method.spec.recipe
    optimizer = torch.optim.AdamW(method.parameter_groups(recipe.lr), weight_decay=recipe.weight_decay)
    losses = []
    for _ in range(n_steps):
        method.train()
        u = method(train.features)
        batch = Batch(train.features, u, train.labels, torch.arange(len(u)))
        loss = torch.stack(list(method.loss(batch).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            method.after_step(batch)
        losses.append(loss.item())
    return losses


def assert_usable(terms: dict[str, Tensor], inputs: list[Tensor]) -> None:
    """Every term is a finite scalar with a graph, and gradients are finite."""
    assert terms
    for name, term in terms.items():
        assert term.shape == () and term.requires_grad, name
        assert math.isfinite(term.item()), f"{name} is {term.item()}"
    gradients = torch.autograd.grad(torch.stack(list(terms.values())).sum(), inputs, allow_unused=True)
    for gradient in gradients:
        assert gradient is None or bool(torch.isfinite(gradient).all())


# Codes


@pytest.mark.parametrize("name", methods())
def test_codes_have_their_kind_and_shape(name: str) -> None:
    train = train_set()
    method = build(name, train)
    found = codes(method, train.features)
    if isinstance(method, CodebookMethod):
        books = method.codebooks()
        n_codebooks, n_centroids, width = books.shape
        assert method.spec.code_kind is CodeKind.CODEBOOK
        assert n_codebooks * math.log2(n_centroids) == method.n_bits and n_centroids <= 256
        assert found.dtype == torch.int64 and found.shape == (N_TRAIN, n_codebooks)
        assert int(found.min()) >= 0 and int(found.max()) < n_centroids
        with torch.no_grad():
            embedded = method.embed(method(train.features))
        assert embedded.shape == (N_TRAIN, n_codebooks * width if method.structure == "product" else width)
        assert not books.requires_grad and method.metric in ("l2", "ip")
    else:
        assert method.spec.code_kind is CodeKind.BINARY
        assert found.shape == (N_TRAIN, method.n_bits) and bool((found.abs() == 1).all())
        assert bool((method.binarize(torch.zeros(1, found.shape[1])) == 1).all()), "0 gives +1"


@pytest.mark.parametrize("name", methods("every_length"))
@pytest.mark.parametrize("n_bits", LENGTHS)
def test_every_length_works_or_names_those_that_do(name: str, n_bits: int) -> None:
    train, rule = train_set(), get_spec(name).n_bits
    if rule.allows(n_bits):
        method = build(name, train, n_bits)
        assert len(codes(method, train.features)) == N_TRAIN
        if method.spec.recipe.epochs:
            assert_usable(loss_of(method, train.features, train.labels), list(method.head.parameters()))
    else:
        with pytest.raises(ConfigError, match=re.escape(str(rule))):
            build(name, train, n_bits)
        assert str(rule.usual()).strip("[]") in str(rule)


@pytest.mark.parametrize("name", methods())
@pytest.mark.parametrize("n_bits", [-8, 0, 10**6])
def test_senseless_lengths_are_refused(name: str, n_bits: int) -> None:
    with pytest.raises(ConfigError, match="Allowed"):
        get_method(name)(n_bits, N_FEATURES, N_CLASSES)


@pytest.mark.parametrize("name", methods())
def test_codes_do_not_depend_on_the_batch(name: str) -> None:
    train = train_set()
    method = build(name, train)
    together = codes(method, train.features)
    backwards = codes(method, train.features.flip(0)).flip(0)
    alone = torch.cat([codes(method, row[None]) for row in train.features[:10]])
    assert torch.equal(together, backwards) and torch.equal(together[:10], alone)


@pytest.mark.parametrize("name", methods())
def test_same_seed_same_codes_and_another_seed_others(name: str) -> None:
    """Other codes, unless nothing is drawn: then they have to be the same."""
    train = train_set()

    def trained(seed: int) -> Tensor:
        method = build(name, train, seed=seed)
        if method.spec.recipe.epochs:
            run_steps(method, train, 5)
        return codes(method, train.features)

    first = trained(1)
    assert torch.equal(first, trained(1))
    assert torch.equal(first, trained(2)) == ("seed" in get_spec(name).exceptions)


@pytest.mark.parametrize("name", methods())
def test_state_dict_carries_the_codes(name: str) -> None:
    train = train_set()
    method = build(name, train)
    if method.spec.recipe.epochs:
        run_steps(method, train, 3)
    method.after_epoch(lambda: method(train.features).detach())
    torch.manual_seed(99)
    other = get_method(name)(method.n_bits, N_FEATURES, N_CLASSES)
    other.load_state_dict(method.state_dict())
    assert torch.equal(codes(method, train.features), codes(other, train.features))


@pytest.mark.parametrize("name", methods())
def test_inputs_are_left_alone(name: str) -> None:
    train = train_set()
    before = train.features.clone(), train.labels.clone()
    method = build(name, train)
    if method.spec.recipe.epochs:
        run_steps(method, train, 2)
    method.after_epoch(lambda: method(train.features).detach())
    u = torch.randn(5, method(train.features).shape[1])
    kept = u.clone()
    if isinstance(method, CodebookMethod):
        method.assign(u)
        method.embed(u)
    else:
        method.binarize(u)
    assert torch.equal(u, kept)
    assert torch.equal(train.features, before[0]) and torch.equal(train.labels, before[1])


# Training


@pytest.mark.parametrize("name", [n for n in method_names() if "training" in get_spec(n).exceptions])
def test_closed_forms_have_no_epochs(name: str) -> None:
    assert get_spec(name).recipe.epochs == 0


@pytest.mark.parametrize("name", methods("training"))
def test_twenty_steps_lower_the_loss(name: str) -> None:
    train = train_set()
    method = build(name, train)
    losses = run_steps(method, train, 21)
    assert sum(losses[-3:]) / 3 < losses[0]


@pytest.mark.parametrize("name", methods())
def test_codes_of_new_images_know_their_class(name: str) -> None:
    """Images that training did not see are nearer to their own class than to the other three."""
    train = train_set()
    kept, new = slice(0, 72), slice(72, None)
    method = build(name, TrainSet(train.features[kept], train.labels[kept], train.generator))
    if method.spec.recipe.epochs:
        run_steps(method, TrainSet(train.features[kept], train.labels[kept], train.generator), 40)
    found = codes(method, train.features[new])
    if isinstance(method, CodebookMethod):
        words = method.codebooks()[torch.arange(found.shape[1]), found]
        found = words.flatten(1) if method.structure == "product" else words.sum(dim=1)
    distances = torch.cdist(found, found).square()
    same = (train.labels[new].float() @ train.labels[new].float().T) > 0
    within = distances[same & ~torch.eye(len(found), dtype=torch.bool)].mean()
    between = distances[~same].mean()
    # Random hyperplanes and rotations see what lies in the features; a loss has to do better.
    assert float(within / between) < (0.5 if "training" not in method.spec.exceptions else 0.95)


@pytest.mark.parametrize("name", methods("training"))
def test_gradient_reaches_every_layer_of_the_head(name: str) -> None:
    train = train_set()
    method = build(name, train)
    torch.stack(list(loss_of(method, train.features, train.labels).values())).sum().backward()
    for label, parameter in method.head.named_parameters():
        assert parameter.grad is not None and bool((parameter.grad != 0).any()), label


@pytest.mark.parametrize("name", methods("training"))
def test_every_parameter_is_optimised_once(name: str) -> None:
    method = build(name, train_set())
    groups = method.parameter_groups(1e-3)
    in_groups = [id(p) for group in groups for p in group["params"]]
    assert sorted(in_groups) == sorted({id(p) for p in method.parameters() if p.requires_grad})
    assert all("lr" in group for group in groups)


@pytest.mark.parametrize("name", methods("training"))
@pytest.mark.parametrize("scale", [0.0, 1e-6, 1.0, 50.0, 1e3, 1e4])
@pytest.mark.parametrize("multi_label", [False, True])
def test_finite_in_float32_for_outputs_of_any_size(name: str, scale: float, multi_label: bool) -> None:
    if multi_label and not get_spec(name).reads_multi_label:
        return
    train = train_set(multi_label=multi_label)
    method = build(name, train, n_bits=64)
    width = method(train.features[:2]).shape[1]
    u = (scale * torch.randn(N_TRAIN, width, generator=torch.Generator().manual_seed(5))).requires_grad_()
    assert_usable(loss_of(method, train.features, train.labels, u), [u])


DEGENERATE: dict[str, Callable[[TrainSet], tuple[Tensor, Tensor]]] = {
    "one class": lambda t: (t.features[::N_CLASSES], t.labels[::N_CLASSES]),
    "no similar pair": lambda t: (t.features[:N_CLASSES], t.labels[:N_CLASSES]),
    "identical images": lambda t: (t.features[:1].repeat(8, 1), t.labels[:8]),
    "identical images of one class": lambda t: (t.features[:1].repeat(8, 1), t.labels[:1].repeat(8, 1)),
    "all features zero": lambda t: (torch.zeros(8, N_FEATURES), t.labels[:8]),
    "two images": lambda t: (t.features[:2], t.labels[:2]),
}
UNLABELLED: dict[str, Callable[[TrainSet], tuple[Tensor, Tensor]]] = {
    "some images without a label": lambda t: (
        t.features[:12],
        t.labels[:12] & (torch.arange(12)[:, None] % 3 > 0),
    ),
    "no image with a label": lambda t: (t.features[:6], torch.zeros(6, N_CLASSES, dtype=torch.bool)),
    "all labels on every image": lambda t: (t.features[:6], torch.ones(6, N_CLASSES, dtype=torch.bool)),
}


@pytest.mark.parametrize("name", methods("training"))
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_batches(name: str, case: str) -> None:
    train = train_set()
    method = build(name, train)
    features, labels = DEGENERATE[case](train)
    assert_usable(loss_of(method, features, labels), list(method.parameters()))


@pytest.mark.parametrize("name", [n for n in methods("batch_of_one") if get_spec(n).recipe.epochs])
def test_batch_of_one(name: str) -> None:
    train = train_set()
    method = build(name, train)
    assert_usable(loss_of(method, train.features[:1], train.labels[:1]), list(method.parameters()))


@pytest.mark.parametrize("name", methods())
def test_learned_codes_stand_for_the_train_images(name: str) -> None:
    train = train_set()
    method = build(name, train)
    if method.spec.recipe.epochs:
        run_steps(method, train, 2)
        with torch.no_grad():
            method.eval()
            method.after_epoch(lambda: method(train.features))
    learned = method.learned_codes()
    if learned is not None:
        assert method.spec.code_kind is CodeKind.BINARY
        assert learned.shape == (N_TRAIN, method.n_bits) and bool((learned.abs() == 1).all())


@pytest.mark.parametrize("name", methods("training"))
def test_epochs_with_every_hook_stay_finite(name: str) -> None:
    """Three epochs of three batches with every hook; at the end codes differ."""
    train = train_set()
    method = build(name, train)
    recipe = method.spec.recipe
    optimizer = torch.optim.AdamW(method.parameter_groups(recipe.lr), weight_decay=recipe.weight_decay)

    def outputs() -> Tensor:
        method.eval()
        with torch.no_grad():
            return method(train.features)

    for epoch in range(3):
        method.before_epoch(epoch, 3)
        for rows in torch.arange(N_TRAIN).reshape(-1, 3).T:
            method.train()
            features, labels = train.features[rows], train.labels[rows]
            batch = Batch(features, method(features), labels, rows)
            loss = torch.stack(list(method.loss(batch).values())).sum()
            assert math.isfinite(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                method.after_step(batch)
        with torch.no_grad():
            method.after_epoch(outputs)
    assert len(torch.unique(codes(method, train.features), dim=0)) > 1


# Several labels per image


@pytest.mark.parametrize("name", [n for n in methods("training") if get_spec(n).reads_multi_label])
def test_several_labels_train(name: str) -> None:
    train = train_set(multi_label=True)
    method = build(name, train)
    losses = run_steps(method, train, 21)
    assert sum(losses[-3:]) / 3 < losses[0]


@pytest.mark.parametrize("name", [n for n in methods("training") if get_spec(n).reads_multi_label])
@pytest.mark.parametrize("case", UNLABELLED)
def test_images_without_or_with_every_label(name: str, case: str) -> None:
    train = train_set(multi_label=True)
    method = build(name, train)
    features, labels = UNLABELLED[case](train)
    assert_usable(loss_of(method, features, labels), list(method.parameters()))


@pytest.mark.parametrize("name", methods())
def test_several_labels_are_read_or_refused_with_a_reason(name: str) -> None:
    spec = get_spec(name)
    spec.check_labels("single")
    if spec.reads_multi_label:
        spec.check_labels("multi")
    else:
        assert len(spec.multi_label_note) > 20
        with pytest.raises(ConfigError, match=re.escape(spec.multi_label_note)):
            spec.check_labels("multi")


# Card and file


@pytest.mark.parametrize("name", methods())
def test_the_card_is_complete(name: str) -> None:
    spec = get_spec(name)
    assert (
        re.fullmatch(r"[a-z][a-z0-9_]*", name) and spec.name == name and name in get_method(name).__module__
    )
    assert len(re.findall(r"[.!?](?: |$)", spec.idea)) == 3, "the idea has three sentences"
    assert len(re.findall(r"\.(?: |$)", spec.good_for)) == 1, "one plain sentence"
    assert spec.citation.year > 1990 and spec.citation.authors and spec.citation.title
    assert spec.symbols and spec.loss_kind
    for text in (spec.objective, *(symbol for symbol, _ in spec.symbols)):
        assert text.count("{") == text.count("}"), text
        assert "$" not in text
    assert all(0 < result.map <= 1 and result.source and result.protocol for result in spec.published)
    assert spec.family.value in get_method(name).__module__.split(".")


@pytest.mark.parametrize("name", [n for n in method_names() if get_spec(n).family is Family.PAIRWISE])
def test_the_card_names_the_kind_of_pair_loss(name: str) -> None:
    assert get_spec(name).loss_kind.startswith(("product", "difference", "likelihood"))


@pytest.mark.parametrize("name", methods())
def test_the_picture_moves(name: str) -> None:
    """Every learned method draws itself; curves of all frames fit one pair of axes, and frames differ."""
    picture = get_method(name).picture()
    assert picture is not None and picture.title and picture.caption and picture.frames
    assert 0 <= picture.start < len(picture.frames) <= 16
    assert len(picture.frames) == 1 or picture.slider
    assert len({frame.label for frame in picture.frames}) == len(picture.frames)
    assert len(set(picture.frames)) == len(picture.frames), "a frame that shows the same as another"
    for frame in picture.frames:
        assert [s.name for s in frame.series] == [s.name for s in picture.frames[0].series]
        assert bool(frame.grid) == (picture.kind == "grid") and bool(frame.series) != bool(frame.grid)
        for drawn in frame.series:
            assert len(drawn.x) == len(drawn.y) <= 128
            assert all(math.isfinite(value) for value in (*drawn.x, *drawn.y))
        assert len({len(row) for row in frame.grid}) <= 1
    assert picture == get_method(name).picture(), "drawn from a seed of its own"
    json.dumps(asdict(picture), allow_nan=False)


@pytest.mark.parametrize("name", methods())
def test_the_card_is_json(name: str) -> None:
    card = json.loads(json.dumps(spec_to_json(get_spec(name))))
    assert card["name"] == name and card["n_bits_allowed"] and card["n_bits"]["text"]
    assert {"title", "family", "later_name", "supervision", "code_kind", "venue", "year"} <= set(card)


@pytest.mark.parametrize("name", methods())
def test_hyper_parameters_are_declared_in_full(name: str) -> None:
    params_type = get_method(name).Params
    assert make_params(params_type, {}) == params_type()
    for declared in spec_to_json(get_spec(name))["params"]:
        assert declared["help"] and declared["source"]
        make_params(params_type, {declared["name"]: declared["default"]})
        if declared["type"] in ("int", "float"):
            assert declared["low"] is not None and declared["high"] is not None, "sliders need both ends"


@pytest.mark.parametrize("name", methods())
def test_exceptions_are_known_and_have_a_reason(name: str) -> None:
    for check, reason in get_spec(name).exceptions.items():
        assert check in CHECKS, f"{check!r} is no check; there are {', '.join(CHECKS)}"
        assert len(reason) > 10


@pytest.mark.parametrize("name", methods())
def test_one_method_one_short_file(name: str) -> None:
    path = Path(inspect.getfile(get_method(name)))
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= 200
    family_folders = {p.name for p in path.parents[1].iterdir() if p.is_dir()}
    for node in ast.walk(ast.parse(source)):
        imported = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        imported += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for module in imported:
            parts = module.split(".")
            assert not (parts[:2] == ["models", "methods"] and set(parts[2:3]) & family_folders), module
    assert "cuda" not in source and "open(" not in source
