"""Every method by name. Names are known without torch; a method's file is imported when it is asked for."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from models.errors import UnknownNameError
from models.methods.params import describe_params
from models.spec import Family, MethodSpec

if TYPE_CHECKING:
    from models.methods.base import Method

METHODS: tuple[tuple[str, str], ...] = (
    # classic
    ("lsh", "models.methods.classic.lsh:LSH"),
    ("sklsh", "models.methods.classic.sklsh:SKLSH"),
    ("pcah", "models.methods.classic.pcah:PCAH"),
    ("sh", "models.methods.classic.sh:SH"),
    ("itq", "models.methods.classic.itq:ITQ"),
    ("itq_cca", "models.methods.classic.itq_cca:ITQCCA"),
    ("agh", "models.methods.classic.agh:AGH"),
    ("ksh", "models.methods.classic.ksh:KSH"),
    ("sdh", "models.methods.classic.sdh:SDH"),
    ("cosdish", "models.methods.classic.cosdish:COSDISH"),
    ("pq", "models.methods.classic.pq:PQ"),
    ("opq", "models.methods.classic.opq:OPQ"),
    ("rq", "models.methods.classic.rq:RQ"),
    ("lsq", "models.methods.classic.lsq:LSQ"),
    # pairwise
    ("cnnh", "models.methods.pairwise.cnnh:CNNH"),
    ("dsh", "models.methods.pairwise.dsh:DSH"),
    ("dpsh", "models.methods.pairwise.dpsh:DPSH"),
    ("dhn", "models.methods.pairwise.dhn:DHN"),
    ("hashnet", "models.methods.pairwise.hashnet:HashNet"),
    ("dsdh", "models.methods.pairwise.dsdh:DSDH"),
    ("dch", "models.methods.pairwise.dch:DCH"),
    ("dfh", "models.methods.pairwise.dfh:DFH"),
    ("idhn", "models.methods.pairwise.idhn:IDHN"),
    ("adsh", "models.methods.pairwise.adsh:ADSH"),
    ("dbdh", "models.methods.pairwise.dbdh:DBDH"),
    ("lcdsh", "models.methods.pairwise.lcdsh:LCDSH"),
    ("sh_bdnn", "models.methods.pairwise.sh_bdnn:SHBDNN"),
    ("ddsh", "models.methods.pairwise.ddsh:DDSH"),
    # multiwise
    ("dnnh", "models.methods.multiwise.dnnh:DNNH"),
    ("drsch", "models.methods.multiwise.drsch:DRSCH"),
    ("dtsh", "models.methods.multiwise.dtsh:DTSH"),
    ("dsrh", "models.methods.multiwise.dsrh:DSRH"),
    # implicit
    ("mihash", "models.methods.implicit.mihash:MIHash"),
    ("talr", "models.methods.implicit.talr:TALR"),
    ("talr_ndcg", "models.methods.implicit.talr_ndcg:TALRNDCG"),
    ("andsh", "models.methods.implicit.andsh:AnDSH"),
    ("qsmih", "models.methods.implicit.qsmih:QSMIH"),
    # classification
    ("dbh", "models.methods.classification.dbh:DBH"),
    ("ssdh", "models.methods.classification.ssdh:SSDH"),
    ("vdsh", "models.methods.classification.vdsh:VDSH"),
    ("subic", "models.methods.classification.subic:SUBIC"),
    ("mlrdh", "models.methods.classification.mlrdh:MLRDH"),
    ("csq", "models.methods.classification.csq:CSQ"),
    ("hcbdh", "models.methods.classification.hcbdh:HCBDH"),
    ("greedyhash", "models.methods.classification.greedyhash:GreedyHash"),
    ("dpn", "models.methods.classification.dpn:DPN"),
    ("orthohash", "models.methods.classification.orthohash:OrthoHash"),
    # quantization
    ("dqn", "models.methods.quantization.dqn:DQN"),
    ("dtq", "models.methods.quantization.dtq:DTQ"),
    ("dvsq", "models.methods.quantization.dvsq:DVSQ"),
    ("dpq", "models.methods.quantization.dpq:DPQ"),
    ("dsq", "models.methods.quantization.dsq:DSQ"),
    ("spdaq", "models.methods.quantization.spdaq:SPDAQ"),
    # unsupervised
    ("spq", "models.methods.unsupervised.spq:SPQ"),
)


def _by_name(methods: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Address of each method's class; raises RuntimeError when a name or a class stands there twice."""
    table = dict(methods)
    if len(table) != len(methods) or len(set(table.values())) != len(methods):
        raise RuntimeError("A method is registered twice; names and classes in METHODS are unique.")
    return table


_ADDRESSES = _by_name(METHODS)


def method_names() -> tuple[str, ...]:
    """Names of all methods, grouped by family, in the order in which they are shown."""
    return tuple(_ADDRESSES)


def method_family(name: str) -> Family:
    """Family of a method, by its folder and without torch; raises UnknownNameError like `get_method`."""
    if name not in _ADDRESSES:
        raise UnknownNameError("method", name, _ADDRESSES)
    return Family(_ADDRESSES[name].split(".")[2])


@cache
def get_method(name: str) -> type[Method]:
    """The class of a method; imports torch.

    Raises:
        UnknownNameError: nobody registered `name`; the message lists close matches.
    """
    if name not in _ADDRESSES:
        raise UnknownNameError("method", name, _ADDRESSES)
    module, class_name = _ADDRESSES[name].split(":")
    found: type[Method] = getattr(import_module(module), class_name)
    if found.spec.name != name:
        raise RuntimeError(f"{_ADDRESSES[name]} calls itself {found.spec.name!r}; METHODS calls it {name!r}.")
    return found


def get_spec(name: str) -> MethodSpec:
    """The card of a method; raises UnknownNameError like `get_method`."""
    return get_method(name).spec


def all_specs() -> tuple[MethodSpec, ...]:
    """The cards of all methods, in the order of `method_names`."""
    return tuple(get_spec(name) for name in method_names())


def spec_to_json(spec: MethodSpec) -> dict[str, Any]:
    """A method's card as JSON-ready data, hyper-parameters included.

    Beside the record's fields: `later_name`, `venue` and `year`; `n_bits_allowed`, the usual code lengths
    that the method can produce; `n_bits`, the rule behind them with its `text`; `params`, one record each.
    """
    return asdict(spec) | {
        "later_name": spec.later_name,
        "venue": spec.citation.venue,
        "year": spec.citation.year,
        "n_bits_allowed": spec.n_bits.usual(),
        "n_bits": asdict(spec.n_bits) | {"text": str(spec.n_bits)},
        "params": describe_params(get_method(spec.name).Params),
    }
