"""Laws of methods/3-quantization.md, sections 0.6 and 1 (RQ)."""

from __future__ import annotations

import faiss
import numpy as np
import torch
from torch import Tensor

from models.codes.asymmetric import asymmetric_distances
from models.losses.additive import decode
from models.losses.codebooks import beam_codes
from models.methods.base import TrainSet
from models.methods.classic.rq import RQ
from models.types import CodebookCodes


def features(n: int = 400) -> Tensor:
    points = torch.randn(n, 12, generator=torch.Generator().manual_seed(4)) * torch.linspace(2, 0.5, 12)
    return points - points.mean(dim=0)


def fitted(points: Tensor, n_bits: int = 24) -> RQ:
    method = RQ(n_bits, points.shape[1], 2)
    labels = torch.zeros(len(points), 2, dtype=torch.bool)
    method.before_fit(TrainSet(points, labels, torch.Generator().manual_seed(1)))
    return method


def test_error_falls_with_each_book() -> None:
    """Section 1, tests: RQ error falls with each added book; the books before stay useful by themselves."""
    method = fitted(features())
    u, errors = method(features()), []
    for n_books in (1, 2, 3):
        words = method.codebooks()[:n_books]
        errors.append(float((u - decode(words, beam_codes(u, words, 5))).square().sum()))
    assert errors[2] < errors[1] < errors[0]


def test_codes_are_those_of_faiss() -> None:
    """Section 0.6: compute_codes on injected books is a beam search; ours finds the same sums."""
    method = fitted(features())
    u = method(features())
    quantizer = faiss.ResidualQuantizer(12, 3, 8)
    faiss.copy_array_to_vector(method.codebooks().numpy().ravel(), quantizer.codebooks)
    quantizer.compute_codebook_tables()
    quantizer.is_trained, quantizer.max_beam_size = True, 5
    theirs = quantizer.compute_codes(u.numpy())
    ours = method.assign(u)
    assert float((torch.from_numpy(theirs) == ours).double().mean()) > 0.99
    np.testing.assert_allclose(
        quantizer.decode(ours.numpy().astype(np.uint8)), decode(method.codebooks(), ours).numpy(), atol=1e-5
    )


def test_distances_are_those_of_faiss() -> None:
    """Section 0.6: injected books and codes, L2 with the norm looked up, to 1e-5."""
    method = fitted(features())
    u = method(features())
    codes = method.assign(u).numpy().astype(np.uint8)
    index = faiss.IndexResidualQuantizer(12, 3, 8, faiss.METRIC_L2, faiss.AdditiveQuantizer.ST_norm_from_LUT)
    faiss.copy_array_to_vector(method.codebooks().numpy().ravel(), index.rq.codebooks)
    index.rq.compute_codebook_tables()
    index.rq.is_trained = index.is_trained = True
    index.add_sa_codes(codes)
    queries = method.embed(method(features()[:9] + 0.1)).numpy()
    theirs, ids = index.search(queries, 400)
    ours = asymmetric_distances(queries, CodebookCodes(codes, method.codebooks().numpy(), "additive", "l2"))
    np.testing.assert_allclose(np.take_along_axis(ours, ids, axis=1), theirs, rtol=1e-5, atol=1e-4)


def test_picture_falls_with_books_and_with_the_beam() -> None:
    curves = [frame.series[0].y for frame in RQ.picture().frames]
    assert all(list(y) == sorted(y, reverse=True) for y in curves)
    assert curves[-1][-1] < curves[0][-1]
