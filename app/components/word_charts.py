"""Parts of the Codes page for codebook codes: headline numbers, form of the books, words, one word."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app import state
from app.components.code_charts import label_nouns, stored_thumbs
from app.components.headline import Headline
from app.components.no_labels import no_labels
from app.components.prose import section
from app.components.reading import chart
from app.components.word_grid import message, word_grid
from app.figures import buckets as bucket_figures
from app.figures import classes as class_figures
from app.services import catalog, codes, reconstruction, words

_keep = st.cache_data(max_entries=128, show_spinner=False)


def numbers(dataset: str, method: str, n_bits: int) -> list[Headline]:
    """The headline numbers of a codebook code."""
    used = words.usage(dataset, method, n_bits)
    found = codes.occupancy(dataset, method, n_bits)
    n_books = len(used.entropy)
    loss = reconstruction.reconstruction(dataset, method, n_bits).mean
    return [
        Headline(
            "Word entropy", f"{used.entropy.sum():.1f}", f"of {n_bits} bits", section("codes", "word_entropy")
        ),
        Headline(
            "Dead words", f"{used.dead:,}", f"of {n_books * used.n_words:,}", section("codes", "dead_words")
        ),
        Headline(
            "Effective words",
            f"{used.effective:.0f}",
            f"of {used.n_words} a book",
            section("codes", "effective_words"),
        ),
        Headline(
            "Distinct codes",
            f"{len(found.sizes):,}",
            f"for {found.n_items:,} images",
            section("codes", "distinct"),
        ),
        Headline(
            "Images in shared buckets", f"{found.shared:.0%}", "of the database", section("codes", "shared")
        ),
        Headline(
            "Reconstruction error", f"{loss:.0%}", "of the squared length", section("codes", "reconstruction")
        ),
    ]


def form(dataset: str, method: str, n_bits: int) -> None:
    """How a code is put together and what an image costs in full."""
    shape = words.form(dataset, method, n_bits)
    joined = "put one after the other" if shape.structure == "product" else "added up"
    distance = "squared Euclidean distance" if shape.metric == "l2" else "negative inner product"
    each = shape.word_bits // shape.n_books
    cost = f"An image costs **{shape.word_bits} bits**: {shape.n_books} words of {each} bits."
    if shape.norm_bits:
        byte, exact = (shape.word_bits + shape.norm_bits[kept] for kept in ("byte", "float"))
        cost += " " + section("codes", "norm_bits").format(bits=shape.word_bits, byte=byte, exact=exact)
    shared = 8 * shape.book_bytes / max(1, shape.n_database)
    st.markdown(
        f"**{shape.n_books} books × {shape.n_words} words** of {shape.dim:,} numbers, {joined} to a vector "
        f"of {shape.size:,}; compared by {distance}. {cost} The books themselves take "
        f"{shape.book_bytes / 1024:,.0f} KiB, once: {shared:,.0f} bits more for each of these "
        f"{shape.n_database:,} images, and next to nothing in a large database."
    )


@st.fragment
def one_word(dataset: str, method: str, n_bits: int) -> None:
    """Use of all words, and the images of the chosen one; changing it redraws this part alone."""
    used = words.usage(dataset, method, n_bits)
    n_books, n_words = used.share.shape
    st.subheader("Word by word")
    state.keep_within("book", 0, n_books - 1)
    state.keep_within("word", 0, n_words - 1)
    with st.container(horizontal=True, gap="medium"):
        book = int(st.slider("Book", 0, n_books - 1, key="book", bind="query-params", width=240))
        place = int(
            st.slider("Word, the most used is 0", 0, n_words - 1, key="word", bind="query-params", width=480)
        )
    word = int(used.order[book, place])

    def picked(book: int, word: int) -> None:
        state.put(book=book, word=int(np.flatnonzero(used.order[book] == word)[0]))

    even = used.share * n_words
    top = max(4.0, float(np.quantile(even, 0.98)))
    levels = np.where(used.counts > 0, np.clip(even / top, 0, 1), np.nan)
    with st.container(gap="xxsmall"):
        word_grid(
            "word_usage",
            message(
                used.counts,
                levels,
                used.order,
                label=f"Use of {n_words} words in each of {n_books} books, the most used first",
                legend=("blank: never chosen", f"{top:.0f} times an even share"),
                unit="images",
                chosen=(book, word),
            ),
            picked,
        )
        st.caption(section("codes", "words"))
        _usage_table(used)
    _gallery(dataset, method, n_bits, book, word)


def _usage_table(used: words.WordUsage) -> None:
    n_books, n_words = used.share.shape
    with st.expander("Numbers as a table", type="compact"):
        st.dataframe(
            {
                "book": np.repeat(np.arange(n_books), n_words),
                "word": used.order.reshape(-1),
                "images": np.take_along_axis(used.counts, used.order, axis=1).reshape(-1),
                "share": np.take_along_axis(used.share, used.order, axis=1).reshape(-1).round(5),
            },
            hide_index=True,
            key="word_usage_table",
            alt="How many images use each word of each book, the most used first",
        )


def worth(dataset: str, method: str, n_bits: int) -> None:
    """Effective words of each book."""
    used = words.usage(dataset, method, n_bits)
    chart(
        _effective_figure(dataset, method, n_bits),
        key="effective_words",
        alt="Effective words of each book",
        table={
            "book": list(range(len(used.entropy))),
            "effective words": np.round(np.exp2(used.entropy), 1).tolist(),
            "entropy, bits": np.round(used.entropy, 3).tolist(),
            "dead words": (used.counts == 0).sum(axis=1).tolist(),
        },
        below=section("codes", "books"),
    )


def _gallery(dataset: str, method: str, n_bits: int, book: int, word: int) -> None:
    """Images near to a word, and the classes that use it."""
    view = words.word_view(dataset, method, n_bits, book, word)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"#### Images of word {word} in book {book}")
        n_shown = len(view.database)
        order = "nearest first" if view.nearest_first else "drawn by lot"
        some = view.nearest_first and n_shown < view.n_database
        shown = f"{'the first ' if some else ''}{n_shown}, {order}"
        used_by = stored_thumbs(dataset, view.database.tolist(), 6) if n_shown else ""
        st.html(
            f'<div class="hl-side"><span>Chosen by {view.n_database:,} database images</span>'
            f"<small>{shown if n_shown else 'a dead word'}</small></div>{used_by}"
            f'<div class="hl-side"><span>Nearest queries</span><small>{view.n_queries:,} of all queries '
            "choose this word</small></div>" + stored_thumbs(dataset, view.queries.tolist(), 6, "query")
        )
        additive = words.form(dataset, method, n_bits).structure == "additive"
        st.caption(
            " ".join(
                (
                    section("codes", "word_gallery"),
                    section("codes", "word_additive") if additive else section("codes", "word_product"),
                    "" if view.nearest_first else section("codes", "word_unordered"),
                )
            )
        )
    with right:
        if no_labels(dataset, "rates"):
            return
        one, many = label_nouns(dataset)
        st.markdown(f"#### {many.capitalize()} that use this word")
        names = catalog.open_dataset(dataset).info.class_names
        chart(
            _rates_figure(dataset, method, n_bits, book, word),
            key="word_classes",
            alt=f"Share of each {one} that uses word {word} of book {book}",
            table={one: list(names), "share that uses the word": np.round(view.class_share, 4).tolist()},
            below=f"{view.overall:.1%} of the database use it (dotted line).",
        )


@_keep
def _effective_figure(dataset: str, method: str, n_bits: int) -> go.Figure:
    used = words.usage(dataset, method, n_bits)
    return bucket_figures.effective_words(used.entropy, used.n_words)


@_keep
def _rates_figure(dataset: str, method: str, n_bits: int, book: int, word: int) -> go.Figure:
    view = words.word_view(dataset, method, n_bits, book, word)
    names = catalog.open_dataset(dataset).info.class_names
    return class_figures.class_rates(
        names,
        view.class_share,
        view.overall,
        None,
        what=f"share of the {label_nouns(dataset)[0]} that uses the word",
    )
