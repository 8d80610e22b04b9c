from __future__ import annotations

import numpy as np
import pytest

from models.codes.packing import pack
from models.engine.maps import map_codes, neighbour_preservation
from models.types import BinaryCodes, CodebookCodes


def clustered(n: int, n_bits: int, seed: int = 0, n_clusters: int = 5) -> BinaryCodes:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(42).random((n_clusters, n_bits)) < 0.5
    return pack(centres[rng.integers(0, n_clusters, n)] ^ (rng.random((n, n_bits)) < 0.08))


def test_images_with_one_code_share_a_place_and_the_map_is_repeatable() -> None:
    database, query = clustered(300, 24), clustered(40, 24, seed=1)
    one, two = map_codes(database, query), map_codes(database, query)
    assert (one.xy_database == two.xy_database).all()
    assert one.xy_database.shape == (300, 2)
    assert one.xy_query.shape == (40, 2)
    assert one.xy_query.dtype == np.float32
    packed = np.concatenate([database.packed, query.packed])
    xy = np.concatenate([one.xy_database, one.xy_query])
    _, place = np.unique(packed, axis=0, return_inverse=True)
    for code in range(place.max() + 1):
        assert len(np.unique(xy[place.ravel() == code], axis=0)) == 1
    assert np.abs(xy).max() == pytest.approx(1)


def test_clusters_stay_together() -> None:
    code_map = map_codes(clustered(300, 32), clustered(40, 32, seed=1))
    assert code_map.k == 15
    assert 0.4 < code_map.neighbour_preservation <= 1


def test_a_large_database_is_laid_out_in_part_and_says_which() -> None:
    database, query = clustered(700, 24), clustered(40, 24, seed=1)
    part = map_codes(database, query, seed=3, most_rows=250)
    assert part.rows is not None
    assert part.xy_database.shape == (250, 2)
    assert part.xy_query.shape == (40, 2)
    assert (np.diff(part.rows) > 0).all()
    assert part.rows[0] >= 0
    assert part.rows[-1] < 700
    alone = map_codes(database[part.rows], query, seed=3)
    np.testing.assert_array_equal(alone.xy_database, part.xy_database)
    # Which rows does not depend on the codes, so that the maps of two methods show the same images.
    other = map_codes(clustered(700, 24, seed=5), query, seed=3, most_rows=250).rows
    np.testing.assert_array_equal(other, part.rows)
    assert map_codes(database, query, most_rows=700).rows is None


@pytest.mark.parametrize("n_codes", [1, 2, 3, 4, 10, 49])
def test_few_codes_are_laid_out_too(n_codes: int) -> None:
    rng = np.random.default_rng(0)
    distinct = np.unpackbits(rng.choice(256, n_codes, replace=False).astype(np.uint8)[:, None], axis=1)
    database, query = pack(distinct[rng.integers(0, n_codes, 60)]), pack(distinct)
    code_map = map_codes(database, query)
    assert np.isfinite(code_map.xy_database).all()
    assert 0 <= code_map.neighbour_preservation <= 1
    assert code_map.k == min(15, n_codes // 2)


def test_codes_in_a_plane_are_laid_out_exactly() -> None:
    # Four corners of a rectangle in Hamming space: 0000, 0011, 1100, 1111.
    corners = pack(np.array([[0, 0, 0, 0], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1]]))
    xy = map_codes(corners, corners[:1]).xy_database.astype(float)
    d = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    assert d[0, 3] > d[0, 1]
    assert d[0, 1] == pytest.approx(d[0, 2], rel=1e-5)


def test_codebook_codes_are_placed_by_their_decoded_vectors() -> None:
    rng = np.random.default_rng(0)
    books = rng.normal(size=(2, 16, 3)).astype(np.float32)
    database, query = (CodebookCodes(rng.integers(0, 16, (n, 2)).astype(np.uint8), books) for n in (400, 30))
    code_map = map_codes(database, query)
    assert code_map.xy_database.shape == (400, 2)
    assert code_map.neighbour_preservation > 0.2


def test_neighbour_preservation_by_hand() -> None:
    # Points on a line at 0, 1, 2, 10; on the map the last two have changed places.
    true = np.abs(np.subtract.outer([0, 1, 2, 10], [0, 1, 2, 10]))
    same = np.array([[0.0, 0], [1, 0], [2, 0], [10, 0]])
    assert neighbour_preservation(same, iter([true]), 1) == 1
    swapped = same[[0, 1, 3, 2]]
    # Nearest of 0 is 1: kept. Nearest of 1 are 0 and 2, tied, and the map shows 0: kept. Nearest of 2 is 1,
    # but the map shows 10: lost. Nearest of 10 is 2, but the map shows 1: lost.
    assert neighbour_preservation(swapped, iter([true]), 1) == 0.5
    assert neighbour_preservation(same[:1], iter([true[:1, :1]]), 0) == 1


def test_ties_count_only_while_there_is_room() -> None:
    # From the first point: one neighbour at 1, two at 2. With k = 2 there is room for one of the tied two.
    true = np.array([[0, 1, 2, 2], [1, 0, 1, 1], [2, 1, 0, 1], [2, 1, 1, 0]])
    on_map = np.array([[0.0, 0], [9, 0], [1, 0], [0, 1]])
    first_row_only = (
        neighbour_preservation(on_map[:], iter([true[:1]]), 2) * 4
    )  # the mean is over all four points
    assert first_row_only == 0.5


def test_chunks_do_not_change_the_number() -> None:
    codes = clustered(60, 16)
    from models.codes.hamming import hamming_distances

    d = hamming_distances(codes, codes)
    xy = np.random.default_rng(0).normal(size=(60, 2))
    parts = iter([d[:7], d[7:50], d[50:]])
    assert neighbour_preservation(xy, parts, 5) == pytest.approx(neighbour_preservation(xy, iter([d]), 5))
