from __future__ import annotations

import pytest

from models.data.base import DatasetInfo
from models.engine.comparable import COMPARED, same_protocol
from models.engine.results import protocol
from models.errors import ProtocolError

INFO = DatasetInfo(
    "cifar10", "CIFAR-10", 5_000, 1_000, 54_000, 10, "single", ("a",) * 10, 32, "", "",
    protocol="I-disjoint", train_in_database=False,
)  # fmt: skip
RULES = protocol(INFO)


def test_scores_under_one_protocol_share_it() -> None:
    assert same_protocol({"DPSH": RULES, "ITQ": dict(RULES)}) == RULES
    assert same_protocol({}) == {}


@pytest.mark.parametrize("field", COMPARED)
def test_any_field_that_differs_is_refused_by_name(field: str) -> None:
    with pytest.raises(ProtocolError, match=f"DPSH and ITQ were scored under different protocols .{field}: "):
        same_protocol({"DPSH": RULES, "DSH": RULES, "ITQ": RULES | {field: "other"}})


def test_a_record_names_its_protocol_and_what_decides_the_score() -> None:
    assert RULES["name"] == "I-disjoint"
    assert (RULES["n_query"], RULES["n_train"], RULES["n_database"]) == (1_000, 5_000, 54_000)
    assert RULES["train_in_database"] is False
    assert (RULES["k"], RULES["normalize_by"], RULES["relevance"]) == (None, "relevant", "same class")


def test_a_cut_beyond_the_database_is_the_whole_ranking() -> None:
    short = protocol(DatasetInfo(**(vars(INFO) | {"k": 5_000, "normalize_by": "retrieved"})))
    assert (short["k"], short["normalize_by"]) == (5_000, "retrieved")
    small = protocol(
        DatasetInfo(**(vars(INFO) | {"k": 5_000, "n_database": 5_000, "normalize_by": "retrieved"}))
    )
    assert small["k"] is None


def test_embedded_data_have_no_protocol_to_name() -> None:
    assert "name" not in protocol(DatasetInfo(**(vars(INFO) | {"protocol": ""})))
