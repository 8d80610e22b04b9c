"""A method's identity card, written from its record alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from app.components.method_picture import method_picture
from app.components.prose import section
from app.services.methods import SUPERVISION

_CODE_KIND = {
    "binary": "binary, compared by Hamming distance",
    "codebook": "codebook words, compared by asymmetric distance",
}
_SUPERVISION = {
    "unsupervised": "none, images only",
    "pairs": "pairs: whether two images share a label",
    "triplets": "triplets: which of two images is the more similar one",
    "labels": "the classes themselves",
}


def method_card(card: Mapping[str, Any]) -> None:
    """Who proposed the method, what it optimises, what for, and how ours differs from the paper.

    Args:
        card: one entry of `methods.json`; fields that are missing or empty are left out.
    """
    st.header(str(card.get("label") or card["title"]))
    st.markdown(_citation(card))
    _badges(card)
    if reconstruction := card.get("reconstruction"):
        st.caption(f"Reconstruction: {reconstruction}")
    left, right = st.columns(2, gap="medium")
    with left:
        if idea := card.get("idea"):
            st.markdown(f"**Idea.** {idea}")
        if good_for := card.get("good_for"):
            st.markdown(f"**Good for.** {good_for}")
        st.html(f'<div class="hl-card"><dl>{_facts(card)}</dl></div>')
        _listed("Differs from the paper", card.get("differs"))
    with right:
        if picture := card.get("picture"):
            method_picture(str(card["name"]), picture)
        if objective := card.get("objective"):
            st.markdown("#### Objective")
            for line in formula_lines(objective):
                st.latex(line)
            symbols = (f"- ${symbol}$: {meaning}" for symbol, meaning in card.get("symbols", ()))
            st.markdown("\n".join(symbols))
    if params := card.get("params"):
        st.markdown("#### Hyper-parameters")
        st.dataframe(param_rows(params), hide_index=True, key="card_params", alt="Hyper-parameters")


def method_sources(card: Mapping[str, Any]) -> None:
    """Figures that others published of the method, and what was read."""
    published = published_rows([card])
    st.markdown("#### Published figures")
    if published["method"]:
        del published["method"]
        st.caption(section("methods", "published"))
        st.dataframe(
            published, hide_index=True, key="card_published", alt="Published figures with source and protocol"
        )
    else:
        st.caption("None was found.")
    _listed("References", card.get("references"))


def _badges(card: Mapping[str, Any]) -> None:
    """What kind of method it is, at a glance."""
    with st.container(horizontal=True, gap="xsmall", key="card_badges"):
        if family := card.get("family"):
            st.badge(str(family), color="gray", help="Family in the survey of 2020")
        if loss := card.get("loss_kind"):
            st.badge(f"loss: {loss}", icon=":material/functions:", color="blue")
        if supervision := card.get("supervision"):
            words = SUPERVISION.get(str(supervision), str(supervision))
            st.badge(f"learns from {words}", icon=":material/school:", color="green")
        if "reads_multi_label" in card:
            several = bool(card["reads_multi_label"])
            st.badge(
                "several labels per image" if several else "one label per image only",
                icon=":material/check:" if several else ":material/block:",
                color="green" if several else "red",
                help=str(card.get("multi_label_note") or "") or None,
            )
        if reconstruction := card.get("reconstruction"):
            st.badge(
                "Reconstruction", icon=":material/architecture:", color="orange", help=str(reconstruction)
            )


def formula_lines(formula: str) -> list[str]:
    """A formula with a line of its own for each definition that is set apart, so that it fits the page."""
    parts = formula.split(r"\qquad")
    if any(part.count("{") != part.count("}") or r"\begin" in part for part in parts):
        return [formula]
    return [part.strip().removesuffix(",") for part in parts if part.strip()]


def _listed(title: str, lines: Sequence[str] | None) -> None:
    if lines:
        st.markdown(f"#### {title}")
        st.markdown("\n".join(f"- {line}" for line in lines))


def _citation(card: Mapping[str, Any]) -> str:
    cited = card.get("citation")
    if not cited:
        return f"**{card['title']}**"
    arxiv = cited.get("arxiv")
    link = f" [arXiv:{arxiv}](https://arxiv.org/abs/{arxiv})" if arxiv else ""
    where = f"{cited['venue']}, {cited['year']}.{link}"
    return f"**{card['title']}** · {cited['authors']}. *{cited['title']}*. {where}"


def _facts(card: Mapping[str, Any]) -> str:
    """Definition list of the short facts, as HTML."""
    family = str(card.get("family", ""))
    later = str(card.get("later_name", ""))
    lengths = card.get("n_bits") or {}
    recipe = card.get("recipe") or {}
    training = "solved on the whole train split at once, no epochs"
    if recipe.get("epochs"):
        training = (
            f"{recipe['epochs']} epochs, batches of {recipe['batch_size']}, learning rate {recipe['lr']:g}"
        )
    multi = "yes" if card.get("reads_multi_label") else "no"
    if note := card.get("multi_label_note"):
        multi += f": {note}"
    facts = {
        "Family, survey of 2020": family,
        "Family, edition of 2023": later,
        "Its place": str(card.get("family_note", "")),
        "Learns from": _SUPERVISION.get(str(card.get("supervision")), str(card.get("supervision", ""))),
        "Loss": str(card.get("loss_kind", "")),
        "Codes": _CODE_KIND.get(str(card.get("code_kind")), str(card.get("code_kind", ""))),
        "Code lengths": str(lengths.get("text", "")),
        "Several labels per image": multi if "reads_multi_label" in card else "",
        "Training here": training if recipe else "",
    }
    return "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text)


def param_rows(params: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Hyper-parameters as columns of a table."""

    def span(p: Mapping[str, Any]) -> str:
        low, high = p.get("low"), p.get("high")
        if low is None and high is None:
            return ""
        return f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}"

    return {
        "name": [str(p.get("name", "")) for p in params],
        "default": [str(p.get("default", "")) for p in params],
        "range": [span(p) for p in params],
        "what it does": [str(p.get("help", "")) for p in params],
        "source of the default": [str(p.get("source", "")) for p in params],
    }


def published_rows(cards: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Published figures of several methods as columns; a number that nobody checked says so beside itself."""
    rows = [(card, result) for card in cards for result in card.get("published") or ()]
    return {
        "method": [str(card.get("label", card["title"])) for card, _ in rows],
        "data set": [r["dataset"] for _, r in rows],
        "bits": [r["n_bits"] for _, r in rows],
        "published mAP": [
            f"{r['map']:.3f}{'' if r.get('verified', True) else ' (unverified)'}" for _, r in rows
        ],
        "protocol": [r["protocol"] for _, r in rows],
        "backbone": [r["backbone"] for _, r in rows],
        "source": [r["source"] for _, r in rows],
    }
