from __future__ import annotations

import pytest

from models.data.protocols import family_of, protocol_of
from models.methods.protocols import CIFAR_A, NUS_21, SURVEY_TABLE
from models.published import BLOCKS, PublishedBlock, blocks_of
from models.registry import get_spec, method_names

TABLE = "Table 4 of the survey"


def block(key: str) -> PublishedBlock:
    return next(found for found in BLOCKS if found.key == key)


def test_every_block_names_protocol_backbone_and_source_once() -> None:
    assert len({found.key for found in BLOCKS}) == len(BLOCKS)
    for found in BLOCKS:
        assert found.source and found.backbone and found.protocol_text and found.rows
        if found.protocol:
            assert protocol_of(found.protocol).source
        labels = [row.label for row in found.rows]
        assert len(set(labels)) == len(labels)
        for row in found.rows:
            assert row.method is None or row.method in method_names()
            assert row.maps or found.kind == "survey"
            assert all(0 < value < 1 for value in row.maps.values())


def test_the_survey_table_has_its_28_rows_on_both_sets() -> None:
    cifar, nus = block("survey-cifar10"), block("survey-nuswide21")
    assert len(cifar.rows) == len(nus.rows) == 28
    assert cifar.by_method(48)["dpsh"] == 0.757 and nus.by_method(12)["itq"] == 0.454
    assert "greedyhash" in cifar.by_method(48) and "greedyhash" not in nus.by_method(48)
    assert cifar.by_method(16) == {}
    # As section 7.1 of the facts notes: DPSH to DSDH.
    gain = [cifar.by_method(n)["dsdh"] - cifar.by_method(n)["dpsh"] for n in (12, 24, 32, 48)]
    assert gain == pytest.approx([0.027, 0.059, 0.057, 0.063])


@pytest.mark.parametrize(("key", "protocol"), [("survey-cifar10", CIFAR_A), ("survey-nuswide21", NUS_21)])
def test_method_cards_quote_the_survey_as_the_table_has_it(key: str, protocol: object) -> None:
    quoted, table = 0, {row.method: row.maps for row in block(key).rows if row.method}
    for name in method_names():
        for result in get_spec(name).published:
            same = (result.dataset, result.protocol) == (protocol.dataset, protocol.text)  # type: ignore[attr-defined]
            if TABLE in result.source and same:
                assert result.map == table[name][result.n_bits], (name, result.n_bits)
                quoted += 1
    assert SURVEY_TABLE.startswith(TABLE)
    assert quoted >= 4 * 17


@pytest.mark.parametrize(
    ("key", "source"),
    [
        ("lsh-cifar10-alexnet", "TreezzZ/LSH_PyTorch"),
        ("sdh-cifar10-alexnet", "TreezzZ/SDH_PyTorch"),
        ("zhao-cifar10", "Zhao et al. 2022"),
        ("fire-imagenet100", "FIRe"),
    ],
)
def test_method_cards_quote_other_sources_as_the_blocks_have_them(key: str, source: str) -> None:
    quoted = 0
    for row in block(key).rows:
        for result in get_spec(row.method).published if row.method else ():
            if source.lower() in result.source.lower() and result.n_bits in row.maps:
                assert result.map == row.maps[result.n_bits], (row.method, result.n_bits)
                quoted += 1
    assert quoted


def test_blocks_of_a_family_keep_their_own_protocols() -> None:
    family = family_of("cifar10")
    assert family == family_of("cifar10@I") != family_of("cifar10@II")
    found = blocks_of(family)
    assert [b.key for b in found] == ["survey-cifar10", "deephash-cifar10", "deephash-cifar10-1"]
    assert {b.protocol for b in found} == {"cifar10@I", "cifar10@I-disjoint"}
    assert blocks_of(family_of("my photos")) == ()
