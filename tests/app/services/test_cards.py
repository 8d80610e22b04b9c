"""What travels to the components: small, complete, and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.services import cards, catalog, search
from models.codes.packing import unpack
from models.types import BinaryCodes

RUNS = [("digits", "lsh", 32), ("toyscenes", "dpsh", 32), ("toyscenes", "dpq", 16)]


@pytest.mark.parametrize("run", RUNS)
def test_results_are_small_and_hold_one_entry_per_card(stored: Path, run: tuple[str, str, int]) -> None:
    asked = search.ask(*run, "query", 1)
    answer = search.answer(asked, 60)
    data = cards.results(asked, answer)
    assert len(json.dumps(data)) < 8_000
    assert len(data["rows"]) == len(data["d"]) == len(data["right"]) == len(data["tags"]) == 60
    assert sum(group[3] for group in data["groups"]) == 60
    assert "{row}" in data["thumb"]


def test_codes_travel_as_stored(stored: Path) -> None:
    asked = search.ask("digits", "lsh", 32, "query", 1)
    answer = search.answer(asked, 5)
    data = cards.results(asked, answer)
    assert isinstance(asked.codes, BinaryCodes)
    assert isinstance(asked.queries, BinaryCodes)
    packed = np.frombuffer(bytes.fromhex(data["codes"]), dtype=np.uint8).reshape(5, -1)
    own = np.frombuffer(bytes.fromhex(data["query"]), dtype=np.uint8)
    differing = np.bitwise_count(packed ^ own).sum(axis=1)
    assert differing.tolist() == data["d"]
    assert (
        "".join("1" if bit > 0 else "0" for bit in unpack(asked.queries)[0])
        == f"{int(data['query'], 16):032b}"
    )


def test_the_query_card_names_its_image(stored: Path) -> None:
    asked = search.ask("digits", "lsh", 16, "database", 7)
    card = cards.query(asked)
    assert card["title"] == catalog.describe("digits", "database", 7)
    assert card["src"].endswith("/database/7")
    assert card["id"] == "database image 7"
    assert card["pixelated"]


def test_an_upload_has_no_tags(stored: Path) -> None:
    from app.services.upload import EncodedUpload

    known = search.ask("digits", "dpsh", 16, "query", 7)
    asked = search.ask_with_upload("digits", "dpsh", 16, EncodedUpload(known.queries, known.code, "data:,x"))
    data = cards.results(asked, search.answer(asked, 10))
    assert (data["right"], data["queryTags"]) == (None, [])
    assert cards.query(asked)["src"] == "data:,x"
