"""The query's look-up table as a grid, and how one database image's distance adds up from it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import state
from app.components.code_charts import stored_thumbs
from app.components.prose import section
from app.components.reading import chart
from app.components.word_grid import message, word_grid
from app.figures.books import adds_up
from app.services import codes, look_up, search, words

BY_NUMBER, NEAREST_FIRST = "by number", "nearest first"


@st.fragment
def look_up_table(asked: search.Asked) -> None:
    """Draw both; changing the image or the order redraws this part alone."""
    st.subheader("The query's look-up table")
    ranked = search.answer(asked, len(asked.codes))
    state.keep_within("rank", 1, ranked.n_ranked)
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        rank = st.number_input(
            "Image, by its rank for this query",
            1,
            ranked.n_ranked,
            key="rank",
            bind="query-params",
            width=240,
        )
        order = st.segmented_control(
            "Words of a book", (BY_NUMBER, NEAREST_FIRST), default=BY_NUMBER, required=True, key="word_order"
        )
    row = int(ranked.rows[int(rank) - 1])
    table, picked = look_up.table(asked), look_up.words_of(asked, row)
    _grid(table, picked, nearest_first=order == NEAREST_FIRST)
    _sum(asked, ranked, int(rank), row)


def _grid(table: look_up.Table, picked: np.ndarray, *, nearest_first: bool) -> None:
    n_books, n_words = table.words.shape
    low, high = float(table.words.min()), float(np.quantile(table.words, 0.99))
    levels = np.clip((high - table.words) / max(high - low, 1e-12), 0, 1).astype(np.float64) ** 2
    with st.container(gap="xxsmall"):
        word_grid(
            "look_up_table",
            message(
                table.words,
                levels,
                np.argsort(table.words, axis=1, kind="stable") if nearest_first else None,
                label=f"What each of {n_words} words in {n_books} books adds to a distance from this query",
                legend=("adds most", "adds least"),
                unit="added",
                marks=[
                    *((book, int(word), "query") for book, word in enumerate(table.own)),
                    *((book, int(word), "image") for book, word in enumerate(picked)),
                ],
            ),
        )
        st.caption(section("codes", "look_up"))
        with st.expander("Numbers as a table", type="compact"):
            st.dataframe(
                {
                    "book": np.repeat(np.arange(n_books), n_words),
                    "word": np.tile(np.arange(n_words), n_books),
                    "adds": table.words.reshape(-1).round(5),
                },
                hide_index=True,
                key="look_up_numbers",
                alt="What each word of each book adds to a distance from this query",
            )


def _sum(asked: search.Asked, ranked: search.Answer, rank: int, row: int) -> None:
    found = look_up.adds_up(asked, row)
    left, right = st.columns([1, 2], gap="medium")
    with left:
        st.markdown(f"#### Image d{row}, rank {rank:,} of {ranked.n_ranked:,}")
        st.html(stored_thumbs(asked.dataset, [row], 6))
        verdict = ""
        if ranked.relevant is not None:
            verdict = " **Right.**" if ranked.relevant[rank - 1] else " **Wrong.**"
        here = float(ranked.distances[rank - 1])
        tied = next((group.n_total for group in ranked.groups if group.distance == here), 1)
        ties = f" {tied:,} images lie at exactly this distance." if tied > 1 else ""
        norm = section("codes", "sum_norm") if words_need_norm(asked) else ""
        st.markdown(f"Distance **{written(found.total)}**.{verdict}{ties}")
        st.caption(" ".join(filter(None, (section("codes", "sum"), norm))))
    with right:
        st.markdown("#### How its distance adds up")
        names = [step.name if step.word is None else f"{step.name}, word {step.word}" for step in found.steps]
        chart(
            adds_up(names, [step.value for step in found.steps], found.total, unit=codes.unit(asked.codes)),
            key="adds_up",
            alt=f"Terms of the distance of image d{row}, which is {written(found.total)}",
            table={
                "term": names,
                "adds": [round(step.value, 5) for step in found.steps],
                "place of the word in its book": [step.rank for step in found.steps],
            },
        )


def words_need_norm(asked: search.Asked) -> bool:
    """True where a distance has a term for the image's squared length."""
    return bool(words.form(asked.dataset, asked.method, asked.n_bits).norm_bits)


def written(value: float) -> str:
    """A distance in four digits."""
    return f"{value:.4g}".replace("-", "−")
