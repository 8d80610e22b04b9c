"""All methods beside each other: what each is, whether it runs on a data set, and what it reaches there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.services import catalog, metrics
from app.services.catalog import Input
from app.services.metrics import Entry

# Kinds of loss, and the words that cards use for them; the first kind that fits decides.
_LOSSES = {
    "likelihood": ("likelihood",),
    "difference": ("difference", "similarity matrix"),
    "product": ("product", "contrastive"),
    "ranking measure": ("average precision", "ndcg", "discounted gain", "mutual information"),
    "centre or target": ("centre", "target", "proxy", "hadamard", "fixed class code"),
    "class loss": ("cross-entropy", "softmax", "classifier", "class loss"),
    "regression": ("least squares", "regression"),
    "margin": ("triplet", "hinge", "margin"),
    "reconstruction": ("quantization", "reconstruction"),
    "none": ("none",),
}
OTHER_LOSS = "other"
SUPERVISION = {
    "unsupervised": "no labels",
    "pairs": "pairs",
    "triplets": "triplets",
    "labels": "classes",
}


@dataclass(frozen=True)
class Listed:
    """One method in the list of all.

    Attributes:
        name, label, year: which method.
        family, later_name: its family in the editions of 2020 and 2023.
        supervision: what it learns from, one of `SUPERVISION`.
        loss, loss_group: its kind of loss in its own words, and in one of a few.
        use: what it is good for, one line.
        multi: whether it reads several labels per image; None when nobody said.
        reconstructed: part of it was put together without a source.
        entry: the run whose figures are shown, on the main input where there is one, of the length nearest to
            the one asked for; None without runs.
        why_not: why it has no runs on the data set; empty when it has.
    """

    name: str
    label: str
    year: int | None
    family: str
    later_name: str
    supervision: str
    loss: str
    loss_group: str
    use: str
    multi: bool | None
    reconstructed: bool
    entry: Entry | None
    why_not: str


def loss_group(loss: str) -> str:
    """The kind of loss as one of a few words."""
    text = loss.lower()
    return next((group for group, words in _LOSSES.items() if any(w in text for w in words)), OTHER_LOSS)


@lru_cache(maxsize=32)
def listed(dataset: str, n_bits: int) -> tuple[Listed, ...]:
    """Every method that has a card or runs, in the order of the zoo, families together."""
    runs: dict[str, list[Entry]] = {}
    for entry in metrics.leaderboard(dataset):
        runs.setdefault(catalog.method_of(entry.method), []).append(entry)
    stored = (catalog.method_of(name) for name in catalog.scored(dataset))
    names = list(dict.fromkeys((*catalog.carded(), *stored)))
    found = [_listed(dataset, name, runs.get(name, []), n_bits) for name in names]
    order = {family: place for place, family in enumerate(dict.fromkeys(m.family for m in found))}
    return tuple(sorted(found, key=lambda m: order[m.family]))


def _listed(dataset: str, name: str, runs: list[Entry], n_bits: int) -> Listed:
    card = catalog.method_card(name)
    loss = str(card.get("loss_kind", ""))
    return Listed(
        name=name,
        label=catalog.method_label(name),
        year=(card.get("citation") or {}).get("year"),
        family=str(card.get("family", "")),
        later_name=str(card.get("later_name", "")),
        supervision=str(card.get("supervision", "")),
        loss=loss,
        loss_group=loss_group(loss),
        use=str(card.get("good_for", "")),
        multi=card.get("reads_multi_label"),
        reconstructed=bool(card.get("reconstruction")),
        entry=min(runs, key=lambda e: (e.method != name, abs(e.n_bits - n_bits), e.n_bits), default=None),
        why_not="" if runs else catalog.why_no_runs(dataset, name),
    )


@dataclass(frozen=True)
class Gain:
    """A run against the reference method at the same length and on the same input.

    `gain` is None where that has no such run.
    """

    entry: Entry
    gain: float | None


def reference(dataset: str) -> str | None:
    """The method to beat: of those that use no label, the one with the best mean of expected mAP.

    Only runs on the main input count, and only methods with the most lengths are asked: a mean over long
    codes alone would be an advantage.
    """
    scores: dict[str, list[float]] = {}
    for entry in metrics.leaderboard(dataset):
        on_main = entry.method == catalog.method_of(entry.method)
        if on_main and _supervision(entry.method) == "unsupervised":
            scores.setdefault(entry.method, []).append(entry.map_expected)
    return max(scores, key=lambda name: (len(scores[name]), sum(scores[name])), default=None)


@lru_cache(maxsize=8)
def reference_map(dataset: str) -> Mapping[tuple[Input, int], float]:
    """Expected mAP of the reference method by input and code length."""
    name = reference(dataset)
    return {
        (e.input, e.n_bits): e.map_expected
        for e in metrics.leaderboard(dataset)
        if catalog.method_of(e.method) == name
    }


def gains(dataset: str, method: str) -> tuple[Gain, ...]:
    """All runs of a method, those on the main input first, by length; each against the reference method."""
    base = reference_map(dataset)
    order = {name: place for place, name in enumerate(catalog.scored(dataset))}
    runs = [e for e in metrics.leaderboard(dataset) if catalog.method_of(e.method) == method]
    runs.sort(key=lambda e: (order[e.method], e.n_bits))
    return tuple(
        Gain(e, None if (e.input, e.n_bits) not in base else e.map_expected - base[e.input, e.n_bits])
        for e in runs
    )


def forward(
    dataset: str,
    method: str,
    n_bits: int,
    families: Sequence[str] = (),
    also: Sequence[str] = (),
    among: Sequence[str] | None = None,
) -> tuple[str, ...]:
    """Methods that a chart brings forward among many, in the order in which they are shown.

    The chosen one, the best that reads no labels (`reference`), and `also`; and of each family the best at
    this length, or, when families are named, all methods of those; of `among`, which None says are all.
    """
    drawn = set(catalog.scored(dataset) if among is None else among)
    wanted = {method, reference(dataset), *also}
    if families:
        wanted |= {name for name in drawn if catalog.method_family(name) in families}
    else:
        best: dict[str, str] = {}
        for entry in metrics.leaderboard(dataset):  # best first
            if entry.n_bits == n_bits and entry.method in drawn:
                best.setdefault(entry.family, entry.method)
        wanted |= set(best.values())
    return tuple(name for name in catalog.scored(dataset) if name in wanted & drawn)


def _supervision(name: str) -> str:
    return str(catalog.method_card(name).get("supervision", ""))
