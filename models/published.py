"""Figures that others published, each with protocol, backbone and source: the table that pages compare with.

A block is what one source says under one protocol; blocks are never merged into a column. Method cards quote
some of these figures beside others from the methods' own papers; a test asserts that the two agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from models.data.protocols import family_of

Kind = Literal["survey", "re-implementation", "second hand"]


@dataclass(frozen=True)
class PublishedRow:
    """A method's line in a block.

    Attributes:
        label: as the source writes it.
        method: name in the registry; None for methods that are not in it.
        maps: code length to mAP, as printed.
        backbone: where it is not the block's.
    """

    label: str
    method: str | None
    maps: Mapping[int, float]
    backbone: str = ""


@dataclass(frozen=True)
class PublishedBlock:
    """Figures of one source under one protocol.

    Attributes:
        key: unique.
        title: for the head of a column.
        kind: what sort of source it is.
        protocol: as `models.data.protocols.protocol_of` takes it; "" where it is none of those.
        protocol_text: in the source's words.
        backbone: in front of the codes.
        source: where the figures were read.
        rows: by method.
        verified: False when the figures were not read in the source itself.
        note: what to know before comparing.
    """

    key: str
    title: str
    kind: Kind
    protocol: str
    protocol_text: str
    backbone: str
    source: str
    rows: tuple[PublishedRow, ...]
    verified: bool = True
    note: str = ""

    def by_method(self, n_bits: int) -> dict[str, float]:
        """mAP by registered method at one length; methods without a figure are left out."""
        return {
            row.method: row.maps[n_bits] for row in self.rows if row.method is not None and n_bits in row.maps
        }


def _rows(n_bits: tuple[int, ...], *lines: tuple[str, str | None, str]) -> tuple[PublishedRow, ...]:
    """Rows from (label, method, "value value ...") with one value per length; "-" is none."""
    rows = []
    for label, method, text in lines:
        values = [None if value == "-" else float(value) for value in text.split()]
        assert len(values) == len(n_bits), f"{label} has {len(values)} values for {len(n_bits)} lengths"
        found = {n: value for n, value in zip(n_bits, values, strict=True) if value is not None}
        rows.append(PublishedRow(label, method, found))
    return tuple(rows)


_TABLE_4 = (
    ("CNNH", "cnnh", ".439 .511 .509 .522", ".611 .618 .625 .608"),
    ("DNNH", "dnnh", ".552 .566 .558 .581", ".674 .697 .713 .715"),
    ("DHN", "dhn", ".555 .594 .603 .621", ".708 .735 .748 .758"),
    ("DRSCH", "drsch", ".614 .621 .628 .630", ".618 .622 .622 .627"),
    ("DSCH", None, ".608 .613 .617 .619", ".591 .597 .610 .608"),
    ("DSRH", "dsrh", ".608 .610 .617 .617", ".609 .617 .621 .630"),
    ("DSH-GAN", None, ".735 .781 .787 .802", ".838 .856 .861 .863"),
    ("DTSH", "dtsh", ".710 .750 .765 .774", ".773 .808 .812 .824"),
    ("DPSH", "dpsh", ".713 .727 .744 .757", ".752 .790 .794 .812"),
    ("DSDH", "dsdh", ".740 .786 .801 .820", ".776 .808 .820 .829"),
    ("DQN", "dqn", ".554 .558 .564 .580", ".768 .776 .783 .792"),
    ("DSH", "dsh", ".644 .742 .770 .799", ".712 .731 .740 .748"),
    ("DCEH", None, ".745 .788 .802 .806", ".781 .816 .827 .839"),
    ("DDSH", "ddsh", ".753 .776 .803 .811", ".776 .803 .810 .817"),
    ("DFH", "dfh", ".803 .825 .831 .844", ".795 .823 .833 .842"),
    ("GreedyHash", "greedyhash", ".774 .795 .810 .822", "- - - -"),
    ("MIHash", "mihash", ".738 .775 .791 .816", ".773 .820 .831 .843"),
    ("HBMP", None, ".799 .804 .830 .831", ".757 .805 .822 .840"),
    ("VDSH", "vdsh", ".538 .541 .545 .548", ".769 .796 .803 .807"),
    ("NMLayer", None, ".786 .813 .821 .828", ".801 .824 .832 .840"),
    ("HashNet", "hashnet", ".685 .707 .705 .705", ".770 .802 .806 .816"),
    ("AnDSH", "andsh", ".754 .780 .786 .795", ".780 .808 .815 .823"),
    ("DISH", None, ".738 .792 .822 .841", ".781 .823 .837 .840"),
    ("SRE", None, ".771 .817 .839 .858", ".801 .833 .849 .861"),
    ("MLDH", None, ".805 .825 .829 .832", ".800 .828 .832 .835"),
    ("SDH (shallow)", "sdh", ".285 .329 .341 .356", ".568 .600 .608 .638"),
    ("KSH (shallow)", "ksh", ".303 .337 .346 .356", ".556 .572 .581 .588"),
    ("ITQ (shallow)", "itq", ".127 .128 .126 .129", ".454 .406 .405 .400"),
)
_TABLE_4_BITS = (12, 24, 32, 48)
_SURVEY = "A Survey on Deep Hashing Methods, ACM TKDD 17(1), 2023, Table 4"
_SURVEY_NOTE = (
    "Quoted there from the methods' papers. Backbones differ between rows; the inputs of SDH, KSH and ITQ "
    "are not stated."
)
_README = "swuxyj/DeepHash-pytorch, README"
_DRAWN_I = "1,000 queries, 5,000 train, 59,000 database with the train images; mAP over the whole ranking"
_DRAWN_DISJOINT = "1,000 queries, 5,000 train, 54,000 database without them; mAP over the whole ranking"
_NUS_21 = "2,100 queries, 10,500 train, 193,734 database; mAP over the first 5,000"
_LSH_BITS = (8, 16, 24, 32, 48, 64, 96, 128)
_SDH_BITS = (12, 16, 24, 32, 48, 64, 128)
_ZHAO_BITS = (12, 24, 32, 48)
_LSH, _SDH = "TreezzZ/LSH_PyTorch", "TreezzZ/SDH_PyTorch"
_ZHAO = "Zhao et al., Greedy-asymmetric deep supervised hashing, 2022, which quotes most rows"
_FIRE = "CISiPLab/cisip-FIRe"
_IMAGENET = "100 classes, 5,000 queries, 10,000 train, about 130,000 database; mAP over the first 1,000"


def _swuxyj(
    set_name: str,
    protocol: str,
    protocol_text: str,
    *lines: tuple[str, str, str],
    n_bits: int = 48,
    backbone: str = "AlexNet",
) -> PublishedBlock:
    return PublishedBlock(
        key=f"deephash-{set_name}",
        title="DeepHash-pytorch",
        kind="re-implementation",
        protocol=protocol,
        protocol_text=protocol_text,
        backbone=backbone,
        source=_README,
        rows=_rows((n_bits,), *lines),
    )


BLOCKS: tuple[PublishedBlock, ...] = (
    PublishedBlock(
        "survey-cifar10",
        "Survey, Table 4",
        "survey",
        "cifar10@I",
        _DRAWN_I,
        "differs between rows",
        _SURVEY,
        _rows(_TABLE_4_BITS, *((label, method, cifar) for label, method, cifar, _ in _TABLE_4)),
        note=_SURVEY_NOTE,
    ),
    PublishedBlock(
        "survey-nuswide21",
        "Survey, Table 4",
        "survey",
        "nuswide21",
        _NUS_21,
        "differs between rows",
        _SURVEY,
        _rows(_TABLE_4_BITS, *((label, method, nus) for label, method, _, nus in _TABLE_4)),
        note=_SURVEY_NOTE,
    ),
    _swuxyj(
        "cifar10",
        "cifar10@I-disjoint",
        _DRAWN_DISJOINT,
        ("DPSH", "dpsh", ".775"),
        ("HashNet", "hashnet", ".782"),
        ("DHN", "dhn", ".781"),
        ("DTSH", "dtsh", ".800"),
    ),
    _swuxyj(
        "cifar10-1",
        "cifar10@I",
        _DRAWN_I,
        ("DSH", "dsh", ".800"),
        ("DSDH", "dsdh", ".790"),
        ("DFH", "dfh", ".801"),
        ("GreedyHash", "greedyhash", ".817"),
        ("ADSH", "adsh", ".921"),
    ),
    _swuxyj(
        "cifar10-2",
        "cifar10@II",
        "10,000 queries, 50,000 train images are the database; mAP over the whole ranking",
        ("GreedyHash", "greedyhash", ".932"),
    ),
    _swuxyj(
        "nuswide21",
        "nuswide21",
        _NUS_21,
        ("DSH", "dsh", ".798"),
        ("DPSH", "dpsh", ".844"),
        ("DHN", "dhn", ".841"),
        ("DSDH", "dsdh", ".833"),
        ("DTSH", "dtsh", ".829"),
        ("DFH", "dfh", ".837"),
        ("ADSH", "adsh", ".622"),
    ),
    _swuxyj(
        "nuswide81",
        "nuswide81",
        "the copy with 223,496 images; mAP over the first 5,000",
        ("HashNet", "hashnet", ".764"),
    ),
    _swuxyj(
        "imagenet100",
        "imagenet100",
        _IMAGENET,
        ("HashNet", "hashnet", ".644"),
        ("GreedyHash", "greedyhash", ".678"),
    ),
    _swuxyj("coco", "coco", "80 classes; mAP over the first 5,000", ("HashNet", "hashnet", ".724")),
    *(
        _swuxyj(
            f"{set_name}-resnet50",
            protocol,
            text,
            ("CSQ", "csq", value),
            n_bits=64,
            backbone="ResNet-50",
        )
        for set_name, protocol, text, value in (
            ("imagenet100", "imagenet100", _IMAGENET, ".881"),
            ("coco", "coco", "80 classes; mAP over the first 5,000", ".883"),
            ("nuswide21-m", "", "a split of its own with 21 concepts; mAP over the first 5,000", ".844"),
        )
    ),
    PublishedBlock(
        "lsh-cifar10-gist",
        "LSH_PyTorch, GIST",
        "re-implementation",
        "",
        "1,000 queries, 59,000 database; mAP over the whole ranking",
        "GIST",
        _LSH,
        _rows(_LSH_BITS, ("LSH", "lsh", ".1138 .1191 .1195 .1288 .1349 .1436 .1536 .1521")),
    ),
    PublishedBlock(
        "lsh-cifar10-alexnet",
        "LSH_PyTorch, AlexNet",
        "re-implementation",
        "",
        "1,000 queries, 59,000 database; mAP over the whole ranking",
        "AlexNet features",
        _LSH,
        _rows(_LSH_BITS, ("LSH", "lsh", ".1463 .1290 .1416 .1588 .1686 .1757 .1860 .2121")),
    ),
    PublishedBlock(
        "lsh-nuswide21-alexnet",
        "LSH_PyTorch, AlexNet",
        "re-implementation",
        "nuswide21",
        "2,100 queries, 193,734 database; mAP over the first 5,000",
        "AlexNet features",
        _LSH,
        _rows(_LSH_BITS, ("LSH", "lsh", ".3905 .4632 .4836 .5243 .6012 .6051 .6513 .6921")),
    ),
    PublishedBlock(
        "lsh-imagenet100-alexnet",
        "LSH_PyTorch, AlexNet",
        "re-implementation",
        "imagenet100",
        _IMAGENET,
        "AlexNet features",
        _LSH,
        _rows(_LSH_BITS, ("LSH", "lsh", ".0536 .0685 .0952 .1290 .1861 .2326 .2909 .3410")),
    ),
    PublishedBlock(
        "sdh-cifar10-gist",
        "SDH_PyTorch, GIST",
        "re-implementation",
        "",
        "5,000 train images; mAP over the whole ranking",
        "GIST",
        _SDH,
        _rows(_SDH_BITS, ("SDH (shallow)", "sdh", ".3964 .4335 .4357 .4611 .4729 .4826 .4973")),
    ),
    PublishedBlock(
        "sdh-cifar10-alexnet",
        "SDH_PyTorch, AlexNet",
        "re-implementation",
        "",
        "5,000 train images; mAP over the whole ranking",
        "AlexNet features",
        _SDH,
        _rows(_SDH_BITS, ("SDH (shallow)", "sdh", ".4966 .4837 .5209 .5373 .5411 .5629 .5750")),
    ),
    PublishedBlock(
        "sdh-nuswide21-alexnet",
        "SDH_PyTorch, AlexNet",
        "re-implementation",
        "nuswide21",
        "21 concepts; mAP over the first 5,000",
        "AlexNet features",
        _SDH,
        _rows(_SDH_BITS, ("SDH (shallow)", "sdh", ".7504 .7684 .7745 .7932 .7912 .8035 .8162")),
    ),
    PublishedBlock(
        "sdh-imagenet100-alexnet",
        "SDH_PyTorch, AlexNet",
        "re-implementation",
        "imagenet100",
        "100 classes; mAP over the first 1,000",
        "AlexNet features",
        _SDH,
        _rows(_SDH_BITS, ("SDH (shallow)", "sdh", ".3529 .4166 .4790 .5096 .5429 .5586 .5974")),
    ),
    PublishedBlock(
        "zhao-cifar10",
        "Zhao et al. 2022",
        "second hand",
        "",
        "1,000 queries, 2,000 train, 59,000 database",
        "not stated for the shallow rows; deep features (unverified)",
        _ZHAO,
        _rows(
            _ZHAO_BITS,
            ("ITQ (shallow)", "itq", ".2619 .2754 .2861 .2941"),
            ("Lin:Lin", None, ".6099 .6312 .6079 .6013"),
            ("LFH", None, ".4178 .5738 .6414 .6927"),
            ("FastH", None, ".5971 .6632 .6847 .7020"),
            ("SDH (shallow)", "sdh", ".4539 .6334 .6514 .6603"),
            ("COSDISH", "cosdish", ".5831 .6614 .6802 .7016"),
            ("KADGH", None, ".6134 .6607 .6701 .6829"),
            ("DPSH", "dpsh", ".6818 .7204 .7341 .7464"),
            ("DHN", "dhn", ".6805 .7213 .7233 .7332"),
            ("DSH", "dsh", ".6441 .7421 .7703 .7992"),
            ("DTSH", "dtsh", ".7100 .7500 .7650 .7740"),
            ("GreedyHash", "greedyhash", ".7740 .7950 .8100 .8200"),
            ("ADSH", "adsh", ".8950 .9010 .9030 .8970"),
        ),
    ),
    PublishedBlock(
        "zhao-nuswide10",
        "Zhao et al. 2022",
        "second hand",
        "",
        "10 most frequent concepts; the split is not stated",
        "not stated for the shallow rows; deep features (unverified)",
        _ZHAO,
        _rows(
            _ZHAO_BITS,
            ("ITQ (shallow)", "itq", ".7143 .7361 .7457 .7553"),
            ("Lin:Lin", None, ".5556 .5704 .5627 .5555"),
            ("LFH", None, ".7116 .7681 .7949 .8135"),
            ("FastH", None, ".7267 .7692 .7817 .8037"),
            ("SDH (shallow)", "sdh", ".7646 .7998 .8017 .8124"),
            ("COSDISH", "cosdish", ".6425 .7406 .7843 .7964"),
            ("DPSH", "dpsh", ".7941 .8249 .8351 .8442"),
            ("DHN", "dhn", ".7719 .8013 .8051 .8146"),
            ("DSH", "dsh", ".7125 .7313 .7401 .7485"),
            ("DTSH", "dtsh", ".7730 .8080 .8120 .8240"),
            ("ADSH", "adsh", ".8690 .8990 .9050 .9110"),
        ),
    ),
    PublishedBlock(
        "fire-imagenet100",
        "FIRe",
        "re-implementation",
        "imagenet100",
        "100 classes; mAP over the first 1,000",
        "AlexNet",
        _FIRE,
        _rows(
            (64,),
            ("OrthoHash (cosine)", "orthohash", ".701"),
            ("OrthoHash (arc)", None, ".698"),
            ("DPN", "dpn", ".692"),
            ("DFH", "dfh", ".689"),
            ("CSQ", "csq", ".686"),
            ("bi-half (supervised)", None, ".684"),
            ("GreedyHash", "greedyhash", ".667"),
            ("JMLH", None, ".664"),
            ("ADSH", "adsh", ".645"),
            ("SDH-C", None, ".639"),
            ("DTSH", "dtsh", ".608"),
            ("DPSH", "dpsh", ".599"),
            ("HashNet", "hashnet", ".588"),
            ("cross-entropy", None, ".434"),
            ("GreedyHash (unsupervised)", None, ".407"),
            ("bi-half", None, ".403"),
            ("TBH", None, ".324"),
            ("PCAH", "pcah", ".405"),
            ("ITQ", "itq", ".402"),
            ("SH", "sh", ".350"),
            ("LSH", "lsh", ".206"),
        ),
    ),
)


def blocks_of(family: str) -> tuple[PublishedBlock, ...]:
    """Blocks whose protocol is of a family, the survey first.

    Args:
        family: from `models.data.protocols.family_of`: protocols that differ only in whether the database
            holds the train images.
    """
    found = [block for block in BLOCKS if block.protocol and family_of(block.protocol) == family]
    order: tuple[Kind, ...] = ("survey", "re-implementation", "second hand")
    return tuple(sorted(found, key=lambda block: order.index(block.kind)))
