"""Names, duplicates and cards of the registry."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from models import registry
from models.errors import UnknownNameError
from models.methods.base import Method
from models.registry import METHODS, all_specs, get_method, get_spec, method_names, spec_to_json

SUPERVISED = """
cnnh dsh dpsh dhn hashnet dsdh dch dfh idhn adsh dbdh lcdsh sh_bdnn ddsh
dnnh drsch dtsh dsrh mihash talr talr_ndcg andsh qsmih
dbh ssdh vdsh subic mlrdh csq hcbdh greedyhash dpn orthohash
"""


def test_the_survey_is_there_and_all_are_methods() -> None:
    assert {"lsh", "itq", "dpq", *SUPERVISED.split()} <= set(method_names())
    for name in method_names():
        assert issubclass(get_method(name), Method)
    assert [spec.name for spec in all_specs()] == list(method_names())


def test_grouped_by_family() -> None:
    families = [get_spec(name).family for name in method_names()]
    changes = sum(a is not b for a, b in pairwise(families))
    assert changes == len(set(families)) - 1


@pytest.mark.parametrize(("given", "close"), [("dsph", "dpsh"), ("mi-hash", "mihash"), ("CSQ", "csq")])
def test_unknown_names_answer_with_close_matches(given: str, close: str) -> None:
    with pytest.raises(UnknownNameError, match=close):
        get_method(given)


def test_nothing_close_lists_all() -> None:
    with pytest.raises(UnknownNameError, match=r"Known: .*csq, .*dpq"):
        get_spec("zzzzzz")


@pytest.mark.parametrize("extra", [("lsh", "somewhere:Else"), ("lsh2", METHODS[0][1])])
def test_duplicates_raise(extra: tuple[str, str]) -> None:
    with pytest.raises(RuntimeError, match="twice"):
        registry._by_name((*METHODS, extra))


def test_a_class_under_a_foreign_name_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._ADDRESSES, "borrowed", dict(METHODS)["lsh"])
    with pytest.raises(RuntimeError, match="'lsh'"):
        get_method("borrowed")


def test_names_are_known_without_torch() -> None:
    script = "import sys, models.registry as r; assert r.method_names(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_card_says_what_the_command_line_promises() -> None:
    card = spec_to_json(get_spec("dpq"))
    expected = {
        "name": "dpq",
        "title": "Deep Product Quantization",
        "family": "quantization",
        "supervision": "labels",
        "code_kind": "codebook",
        "venue": "CVPR",
        "year": 2019,
        "n_bits_allowed": [8, 16, 24, 32, 48, 64, 96, 128, 256],
        "later_name": "quantization",
    }
    assert {key: card[key] for key in expected} == expected
    assert card["params"][0]["name"] == "weight_centre" and card["params"][0]["default"] == 0.1
    assert card["recipe"]["epochs"] == 30 and card["published"][0]["verified"] is False
