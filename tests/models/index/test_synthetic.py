"""Synthetic codes: deterministic, in any number, and like the codes they are modelled on."""

from __future__ import annotations

import numpy as np
import pytest

from models.codes.packing import unpack
from models.engine.store import RunStore
from models.errors import ConfigError, DataError
from models.index import synthetic
from models.index.synthetic import distance_histogram, fit, relaxed, uniform_model
from models.types import BinaryCodes
from tests.models.index.clustered import clustered_codes


@pytest.mark.parametrize("n_bits", [12, 32, 64])
def test_distances_are_those_of_the_real_codes(n_bits: int) -> None:
    held_out, real = clustered_codes(400, 1500, n_bits)
    truth = distance_histogram(held_out, real)

    def off(model: synthetic.CodeModel) -> float:
        return float(np.abs(distance_histogram(model.sample(400, seed=1), model.sample(1500)) - truth).sum())

    assert off(fit(real)) < 0.7 * off(uniform_model(n_bits))


@pytest.mark.parametrize("dataset", ["digits", "toyscenes", "toyworld"])
def test_every_stored_run_is_modelled_better_than_by_noise(dataset: str) -> None:
    store = RunStore()
    seen = 0
    for run in store.runs(dataset):
        if run.n_bits != 32 or not run.has_codes:
            continue
        stored = store.open(dataset, run.method, run.n_bits)
        queries, real = stored.codes("query"), stored.codes("database")
        if not isinstance(queries, BinaryCodes) or not isinstance(real, BinaryCodes):
            continue
        seen += 1
        real = real[:1500]
        model, noise = fit(real), uniform_model(32)
        truth = distance_histogram(queries[:300], real)
        made = distance_histogram(model.sample(300, seed=1), model.sample(1500))
        flat = distance_histogram(noise.sample(300, seed=1), noise.sample(1500))
        # Uncorrelated bits, as those of PCAH, lie as noise does: there 0.03 of 2 is close enough.
        assert np.abs(made - truth).sum() < max(0.7 * np.abs(flat - truth).sum(), 0.03), run
    assert seen


def test_the_nearest_of_many_is_as_near_as_among_real_codes() -> None:
    from models.codes.hamming import hamming_distances

    held_out, real = clustered_codes(300, 2000, 32)
    model = fit(real)
    real_nearest = hamming_distances(held_out, real).min(axis=1).mean()
    made = hamming_distances(model.sample(300, seed=1), model.sample(2000)).min(axis=1).mean()
    noise = uniform_model(32)
    far = hamming_distances(noise.sample(300, seed=1), noise.sample(2000)).min(axis=1).mean()
    assert abs(made - real_nearest) < 0.5 * abs(far - real_nearest)


@pytest.mark.parametrize("kind", ["clustered", "uniform"])
def test_fewer_are_the_first_of_more(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "CHUNK", 100)
    model = fit(clustered_codes(1, 200, 12)[1]) if kind == "clustered" else uniform_model(12)
    assert model.name == kind
    many = model.sample(350, seed=3)
    assert np.array_equal(model.sample(120, seed=3).packed, many.packed[:120])
    assert np.array_equal(model.sample(350, seed=3).packed, many.packed)
    assert not np.array_equal(model.sample(350, seed=4).packed, many.packed)
    assert not (many.packed[:, -1] & 0x0F).any(), "padding stays zero"
    assert len(np.unique(many.packed[:200], axis=0)) > 20


def test_uniform_bits_are_fair() -> None:
    bits = unpack(uniform_model(13).sample(20_000))
    assert np.abs(bits.mean(axis=0)).max() < 0.04


def test_equal_codes_stay_equal() -> None:
    _, real = clustered_codes(1, 300, 32, n_centres=3, flip=0.0)
    made = fit(real).sample(500)
    assert {row.tobytes() for row in made.packed} == {row.tobytes() for row in real.packed}


def test_flips_happen_where_neighbours_differ() -> None:
    rng = np.random.default_rng(0)
    bits = np.repeat(rng.random((30, 24)) < 0.5, 20, axis=0)
    bits[:, 5] = rng.random(600) < 0.5  # the one bit that copies do not share
    from models.codes.packing import pack

    rate = fit(pack(bits)).flip_rate
    assert rate.shape == (24,)
    assert rate.sum() == pytest.approx(rate[5])


def test_vectors_round_to_their_codes() -> None:
    from models.codes.packing import binarize_array

    codes = uniform_model(20).sample(300)
    u = relaxed(codes)
    assert u.dtype == np.float32
    assert np.array_equal(binarize_array(u), unpack(codes))
    assert np.abs(u).min() >= 0.5 and np.abs(u).max() <= 1.5
    assert np.array_equal(relaxed(codes), u)


def test_refusals() -> None:
    with pytest.raises(DataError, match="at least two"):
        fit(clustered_codes(1, 5, 8)[1][:1])
    with pytest.raises(ConfigError, match="n_bits=0"):
        uniform_model(0)
    with pytest.raises(DataError, match="n=0"):
        uniform_model(8).sample(0)
