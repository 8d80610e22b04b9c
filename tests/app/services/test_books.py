"""Look-up tables, rounding and loss of codebook codes of every form, against slow obvious ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.services import catalog, embeddings, look_up, reconstruction, rounding, search, ties, words
from app.services.upload import EncodedUpload
from models.types import CodebookCodes, Float32
from tests.app.forms import FORMS

NAMES = [name for name, _, _ in FORMS]
PRODUCT = ("digits", "product_l2", 16)


def database_vectors(run: tuple[str, str, int]) -> Float32:
    """Made-up vectors near to what the codes decode to."""
    decoded = catalog.open_run(*run).queries("database")
    assert isinstance(decoded, np.ndarray)
    noise = np.random.default_rng(1).normal(scale=0.3, size=decoded.shape)
    return (decoded + noise).astype(np.float32)


@pytest.fixture
def ready(forms: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database's vectors can be computed, without a network."""
    monkeypatch.setattr(embeddings, "_encoded", lambda *run: database_vectors(run))
    return forms


@pytest.mark.parametrize("name", NAMES)
def test_form_and_honest_bits(forms: Path, name: str) -> None:
    form = words.form("digits", name, 16)
    assert (form.n_books, form.n_words, form.word_bits, form.size) == (4, 16, 16, 12)
    assert form.dim == (12 if form.structure == "additive" else 3)
    assert form.norm_bits == ({"computed": 0, "byte": 8, "float": 32} if name == "additive_l2" else {})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("split", ["query", "database"])
def test_a_distance_is_the_sum_of_its_steps(forms: Path, name: str, split: str) -> None:
    asked = search.ask("digits", name, 16, split, 3)  # type: ignore[arg-type]
    answer = search.answer(asked, 40)
    for row, distance in zip(answer.rows.tolist(), answer.distances.tolist(), strict=True):
        found = look_up.adds_up(asked, row)
        assert found.total == pytest.approx(distance, rel=1e-3, abs=1e-3)
        assert found.least <= found.total + 1e-3 or name == "additive_l2"
        assert len(found.steps) == (6 if name == "additive_l2" else 4)


def test_the_place_of_a_word_counts_nearer_words(forms: Path) -> None:
    asked = search.ask(*PRODUCT, "query", 3)
    table, found = look_up.table(asked), look_up.adds_up(asked, 9)
    assert table.words.shape == (4, 16)
    for book, step in enumerate(found.steps):
        assert step.rank == sorted(table.words[book].tolist()).index(table.words[book, step.word]) + 1
    # A product code names the nearest word of each book.
    assert table.own.tolist() == table.words.argmin(axis=1).tolist()


def test_additive_words_in_blocks_of_their_own_rank_as_product_words_do(forms: Path) -> None:
    for metric in ("l2", "ip"):
        product, additive = (
            search.ranking("digits", f"{structure}_{metric}", 16, "query", 5)
            for structure in ("product", "additive")
        )
        there = np.empty(len(product.order))
        there[additive.order] = additive.distances
        np.testing.assert_allclose(there[product.order], product.distances, rtol=0.02, atol=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_ways_differ_in_what_is_rounded(ready: Path, name: str) -> None:
    run = ("digits", name, 16)
    asked = search.ask(*run, "query", 7)
    assert [way.name for way in rounding.ways(asked)] == ["asymmetric", "symmetric"]
    embeddings.compute(*run)
    found = {way.name: way for way in rounding.ways(asked)}
    stored = catalog.open_run(*run)
    query, own = stored.queries("query")[7], stored.codes("query").decode()[7]  # type: ignore[union-attr]
    database, decoded = database_vectors(run), stored.queries("database")
    assert isinstance(decoded, np.ndarray)
    pairs = {"asymmetric": (query, decoded), "symmetric": (own, decoded), "flat": (query, database)}
    for kind, (left, right) in pairs.items():
        wanted = -(right @ left) if name.endswith("ip") else np.square(right - left).sum(axis=1)
        ranked = found[kind].ranked  # type: ignore[index]
        np.testing.assert_allclose(ranked.distances, wanted[ranked.order], rtol=1e-3, atol=1e-3)
        assert found[kind].n_distinct == len(np.unique(ranked.distances))  # type: ignore[index]
    order = search.ranking(*run, "query", 7).order
    np.testing.assert_array_equal(found["asymmetric"].ranked.order, order)
    # Images of one code tie, whether or not the query is rounded; unrounded images hardly ever do.
    distinct = len(np.unique(stored.codes("database").indices, axis=0))  # type: ignore[union-attr]
    assert max(found["asymmetric"].n_distinct, found["symmetric"].n_distinct) <= distinct
    assert found["flat"].n_tied < found["asymmetric"].n_tied


def test_a_database_image_asks_rounded_until_its_vector_is_computed(ready: Path) -> None:
    asked = search.ask(*PRODUCT, "database", 7)
    plain = rounding.ways(asked)
    np.testing.assert_array_equal(plain[0].ranked.order, plain[1].ranked.order)
    assert 7 not in plain[0].ranked.order
    embeddings.compute(*PRODUCT)
    assert rounding.ways(asked)[0].n_distinct != 0
    np.testing.assert_array_equal(rounding.query_vector(asked)[0], database_vectors(PRODUCT)[7])


def test_an_upload_is_ranked_and_not_scored(forms: Path) -> None:
    known = search.ask(*PRODUCT, "query", 7)
    asked = search.ask_with_upload(*PRODUCT, EncodedUpload(known.queries, known.code, "data:,x"))
    assert [way.scores for way in rounding.ways(asked)] == [None, None]


def test_the_mean_over_queries_is_the_stored_one(ready: Path) -> None:
    mean = rounding.mean_ap(*PRODUCT)
    stored = catalog.open_run(*PRODUCT).per_query["ap_expected"].mean()
    assert mean["asymmetric"] == pytest.approx(float(stored), abs=1e-4)
    assert set(mean) == {"asymmetric", "symmetric"}
    embeddings.compute(*PRODUCT)
    assert set(rounding.mean_ap(*PRODUCT)) == {"asymmetric", "symmetric", "flat"}


def test_errors_by_class_and_at_both_ends(ready: Path) -> None:
    embeddings.compute(*PRODUCT)
    for of in ("query", "database"):
        found = reconstruction.reconstruction(*PRODUCT, of)  # type: ignore[arg-type]
        assert found.share.sum() == pytest.approx(1)
        assert found.errors[found.smallest[0]] == found.errors.min()
        assert found.errors[found.largest[0]] == found.errors.max()
        labels = catalog.open_dataset("digits").labels(of)  # type: ignore[arg-type]
        assert found.class_mean[4] == pytest.approx(found.errors[labels[:, 4]].mean())
        assert np.all(found.class_low <= found.class_high)
        assert not found.errors.flags.writeable


@pytest.mark.parametrize("name", NAMES)
def test_images_of_a_word_come_nearest_first_once_vectors_are_there(ready: Path, name: str) -> None:
    run = ("digits", name, 16)
    codes = catalog.open_run(*run).codes("database")
    assert isinstance(codes, CodebookCodes)
    word = int(np.bincount(codes.indices[:, 1]).argmax())
    before = words.word_view(*run, 1, word)
    assert not before.nearest_first
    lot = ties.those_of(codes.indices[:, 1] == word)
    assert before.database.tolist() == lot[: len(before.database)].tolist()
    vectors = embeddings.compute(*run)
    after = words.word_view(*run, 1, word)
    assert after.nearest_first
    assert (after.n_database, after.n_queries) == (before.n_database, before.n_queries)
    rows = after.database
    distances = words.word_distances(vectors[rows], codes[rows], 1, word)
    assert np.all(np.diff(distances) >= 0)
    assert np.all(codes.indices[rows, 1] == word)


def test_an_additive_word_answers_for_what_the_other_words_leave(forms: Path) -> None:
    codes = catalog.open_run("digits", "additive_l2", 16).codes("database")
    assert isinstance(codes, CodebookCodes)
    some = codes[:5]
    own = [
        words.word_distances(some.decode(), some, 2, int(word))[i]
        for i, word in enumerate(some.indices[:, 2])
    ]
    np.testing.assert_allclose(own, 0, atol=1e-8)


def test_vectors_need_a_network(forms: Path) -> None:
    assert not embeddings.can_compute(*PRODUCT)
    assert embeddings.computed(*PRODUCT) is None
