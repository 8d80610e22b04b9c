"""The map's file and message: every image at its code's place, every code drawn once, nothing else served."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.services import catalog, maps, search
from app.services.upload import EncodedUpload
from models.engine.run_files import CodeMap
from models.types import BinaryCodes

BINARY, BOOKS, SCENES = ("digits", "dpsh", 16), ("digits", "dpq", 16), ("toyscenes", "lsh", 16)
RUNS = [BINARY, BOOKS, SCENES]
DTYPES = {"float32": "<f4", "uint32": "<u4", "uint8": "u1"}


def read(body: bytes) -> dict[str, Any]:
    """The file as the browser reads it."""
    assert body[:4] == b"HLM1"
    (length,) = struct.unpack_from("<I", body, 4)
    header = json.loads(body[8 : 8 + length])
    start = -(-(8 + length) // 8) * 8
    arrays = {
        a["name"]: np.frombuffer(body, DTYPES[a["dtype"]], a["length"], start + a["offset"])
        for a in header["arrays"]
    }
    assert all(a["offset"] % 8 == 0 for a in header["arrays"])
    return {**header, **arrays}


def served(run: tuple[str, str, int]) -> dict[str, Any]:
    body = maps.find(*run, maps.address(*run).rsplit("/", 1)[1])
    assert body is not None
    return read(body)


@pytest.mark.parametrize("run", RUNS)
def test_every_image_lies_where_its_code_was_laid_out(stored: Path, run: tuple[str, str, int]) -> None:
    found = served(run)
    codes, labels = catalog.open_run(*run).codes("database"), catalog.open_dataset(run[0]).labels("database")
    rows = codes.packed if isinstance(codes, BinaryCodes) else codes.indices
    points = found["pointOfRow"]
    assert len(points) == len(rows)
    assert len(found["xy"]) == 2 * len({row.tobytes() for row in rows})
    # Two images share a point exactly when they share a code.
    first = {}
    for row, point in zip(rows, points, strict=True):
        assert first.setdefault(row.tobytes(), point) == point
    assert len(set(first.values())) == len(first)
    unpacked = np.unpackbits(found["rowLabels"].reshape(len(rows), -1), axis=1, count=labels.shape[1])
    np.testing.assert_array_equal(unpacked.astype(bool), labels)
    np.testing.assert_allclose(found["queryXy"].reshape(-1, 2), catalog.open_run(*run).map().xy_query)


def test_bits_travel_only_with_codes_that_have_bits(stored: Path) -> None:
    binary, books = served(BINARY), served(BOOKS)
    assert binary["nBits"] == 16
    codes = catalog.open_run(*BINARY).codes("database")
    assert isinstance(codes, BinaryCodes)
    np.testing.assert_array_equal(binary["codes"].reshape(-1, 2)[binary["pointOfRow"]], codes.packed)
    assert books["nBits"] == 0
    assert "codes" not in books


def test_what_dots_can_be_coloured_by_follows_code_and_labels(stored: Path) -> None:
    assert maps.colours(*BINARY) == ("class", "bit", "ap")
    assert maps.colours(*BOOKS) == ("class", "ap")
    assert maps.colours(*SCENES) == ("tag", "bit", "ap")


def test_the_address_changes_with_the_run(stored: Path) -> None:
    assert len({maps.address(*run) for run in RUNS}) == len(RUNS)


@pytest.mark.parametrize(
    "given",
    [
        ("digits", "dpsh", 16, "0" * 16),
        ("digits", "dpsh", 17, "{key}"),
        ("digits", "../dpsh", 16, "{key}"),
        ("digits", "nobody", 16, "{key}"),
        ("..", "dpsh", 16, "{key}"),
    ],
)
def test_nothing_else_is_served(stored: Path, given: tuple[str, str, int, str]) -> None:
    key = maps.address(*BINARY).rsplit("/", 1)[1]
    assert maps.find(*given[:3], given[3].format(key=key)) is None


def test_facts_count_codes_and_say_what_chance_keeps(stored: Path) -> None:
    facts = maps.facts(*BINARY)
    codes = catalog.open_run(*BINARY).codes("database")
    assert isinstance(codes, BinaryCodes)
    counts = np.unique(codes.packed, axis=0, return_counts=True)[1]
    assert (facts.n_codes, facts.n_images) == (len(counts), 1397)
    assert (facts.largest, facts.alone) == (counts.max(), (counts == 1).sum())
    assert (facts.preserved, facts.k) == (0.5, 10)
    assert 0 < facts.preserved_by_chance < 0.1


def test_images_beyond_the_sample_lie_where_their_code_lies_or_nowhere(stored: Path) -> None:
    run = catalog.open_run(*BINARY)
    whole, codes = run.map(), run.codes("database")
    assert isinstance(codes, BinaryCodes)
    rows = np.arange(0, len(codes), 9)
    sampled = CodeMap(whole.xy_database[rows], whole.xy_query, 0.5, 10, rows)
    run.__dict__["_map"] = sampled
    try:
        maps.facts.cache_clear()
        maps._geometry.cache_clear()
        facts, found = maps.facts(*BINARY), served(BINARY)
        points, xy = found["pointOfRow"], found["xy"].reshape(-1, 2)
        on_map = {codes.packed[row].tobytes() for row in rows}
        there = np.array([code.tobytes() in on_map for code in codes.packed])
        assert 0 < there.sum() < len(codes)
        np.testing.assert_array_equal(points < len(xy), there)
        assert (facts.n_codes, facts.n_images, facts.n_elsewhere) == (len(xy), there.sum(), (~there).sum())
        np.testing.assert_array_equal(found["codes"].reshape(-1, 2)[points[there]], codes.packed[there])
    finally:
        run.__dict__["_map"] = whole
        maps.facts.cache_clear()
        maps._geometry.cache_clear()


def test_the_message_holds_ids_of_the_nearest(stored: Path) -> None:
    asked = search.ask(*BINARY, "query", 3)
    answer = search.answer(asked, 120)
    message = maps.message(asked, answer, "q3", maps.Colour("bit", 5))
    assert message["hits"] == answer.rows[: maps.MOST_MARKED].tolist()
    assert len(message["right"]) == len(message["distances"]) == len(message["hits"])
    assert message["colour"] == {"mode": "bit", "index": 5}
    assert message["place"] is None
    assert len(json.dumps(message)) < 3_000


def test_an_upload_lies_on_the_map_only_where_its_code_does(stored: Path) -> None:
    codes = catalog.open_run(*BINARY).codes("database")
    assert isinstance(codes, BinaryCodes)
    every = {row.tobytes() for row in codes.packed}
    nowhere = next(code for code in (i.to_bytes(2, "big") for i in range(65536)) if code not in every)
    for code, expected in ((codes.packed[7].tobytes(), True), (nowhere, False)):
        packed = np.frombuffer(code, dtype=np.uint8)[None]
        asked = search.ask_with_upload(*BINARY, EncodedUpload(BinaryCodes(packed, 16), code, ""))
        message = maps.message(asked, search.answer(asked, 20), "upload", maps.Colour("class"))
        assert message["right"] is None
        assert (message["place"] is not None) is expected
        if expected:
            assert codes.packed[message["place"]].tobytes() == code
