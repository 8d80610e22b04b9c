"""Rankings without a trained code, as the zoo measured them: what every method is compared with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.services import catalog, chance
from models.data.base import sample_data_root
from models.data.library import library_root


@lru_cache(maxsize=8)
def baselines(dataset: str) -> dict[str, Any]:
    """Measured reference rankings: random codes and LSH on pixels by length, float rankings by backbone."""
    for root in (sample_data_root(), library_root()):
        path = root / dataset / "baselines.json"
        if path.is_file():
            return dict(json.loads(path.read_text("utf-8")))
    return {}


def random_code_map(dataset: str, n_bits: int) -> float:
    """mAP of random codes: as measured by the zoo, else its expectation."""
    measured = baselines(dataset).get("random_codes", {}).get(str(n_bits))
    if measured is not None:
        return float(measured["map_expected"])
    n_database = catalog.open_dataset(dataset).info.n_database
    return float(chance.average_precision(chance.n_relevant(dataset), n_database).mean())


def float_ranking_map(dataset: str, backbone: str) -> float | None:
    """mAP of ranking by the backbone's features without any code; None when it was not measured."""
    measured = baselines(dataset).get("float_ranking", {}).get(backbone)
    return None if measured is None else float(measured["map_expected"])


@dataclass(frozen=True)
class Reference:
    """A ranking without a trained code, to compare with.

    Attributes:
        name: in a few words.
        n_bits: None for the float ranking.
        map_expected: its score.
        has_lengths: False where there is one length, which the data decide; shown beside codes of any length.
    """

    name: str
    n_bits: int | None
    map_expected: float
    has_lengths: bool = True


@lru_cache(maxsize=8)
def references(dataset: str) -> tuple[Reference, ...]:
    """Baselines as the zoo measured them, best first."""
    measured = baselines(dataset)
    found = [
        Reference(f"float ranking, {backbone}", None, float(scores["map_expected"]), has_lengths=False)
        for backbone, scores in measured.get("float_ranking", {}).items()
    ]
    found += [
        Reference(
            f"classifier, {coding}", int(scores["n_bits"]), float(scores["map_expected"]), has_lengths=False
        )
        for coding, scores in measured.get("classifier", {}).items()
    ]
    for key, name in (("lsh_pixels", "LSH on pixels"), ("random_codes", "random codes")):
        found += [
            Reference(name, int(n_bits), float(scores["map_expected"]))
            for n_bits, scores in measured.get(key, {}).items()
        ]
    return tuple(sorted(found, key=lambda r: (-r.map_expected, r.name, r.n_bits or 0)))
