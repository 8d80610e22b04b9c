"""Parts of the Codes page for codebook codes: headline numbers, use of the words, one word, loss."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from app.components.code_charts import label_nouns, stored_thumbs
from app.components.headline import Headline
from app.components.prose import section
from app.components.reading import chart
from app.figures import buckets as bucket_figures
from app.figures import classes as class_figures
from app.figures import distances as distance_figures
from app.services import catalog, codes, words

_keep = st.cache_data(max_entries=128, show_spinner=False)


def numbers(dataset: str, method: str, n_bits: int) -> list[Headline]:
    """The headline numbers of a codebook code."""
    used = words.usage(dataset, method, n_bits)
    found = codes.occupancy(dataset, method, n_bits)
    n_books = len(used.entropy)
    loss = words.reconstruction(dataset, method, n_bits).mean
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


@st.fragment
def one_word(dataset: str, method: str, n_bits: int) -> None:
    """Use of all words, and the images of the chosen one; changing it redraws this part alone."""
    used = words.usage(dataset, method, n_bits)
    n_books, n_words = used.share.shape
    st.subheader("Word by word")
    with st.container(horizontal=True, gap="large"):
        book = int(st.slider("Book", 0, n_books - 1, key="book", bind="query-params", width=240))
        place = int(
            st.slider("Word, the most used is 0", 0, n_words - 1, key="word", bind="query-params", width=480)
        )
    word = int(np.argsort(-used.share[book], kind="stable")[place])
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("#### Use of the words")
        chart(
            _usage_figure(dataset, method, n_bits, book, word),
            key="word_usage",
            alt=f"How often each of {n_words} words is used, for {n_books} books",
            table={
                "book": np.repeat(np.arange(n_books), n_words).tolist(),
                "word": np.tile(np.arange(n_words), n_books).tolist(),
                "share of images": np.round(used.share.reshape(-1), 5).tolist(),
            },
            below=section("codes", "words"),
        )
    with right:
        st.markdown("#### What each book is worth")
        chart(
            _effective_figure(dataset, method, n_bits),
            key="effective_words",
            alt="Effective words of each book",
            table={
                "book": list(range(n_books)),
                "effective words": np.round(np.exp2(used.entropy), 1).tolist(),
                "entropy, bits": np.round(used.entropy, 3).tolist(),
                "dead words": (used.share == 0).sum(axis=1).tolist(),
            },
            below=section("codes", "books"),
        )
    _gallery(dataset, method, n_bits, book, word)


def _gallery(dataset: str, method: str, n_bits: int, book: int, word: int) -> None:
    """Images near to a word, and the classes that use it."""
    view = words.word_view(dataset, method, n_bits, book, word)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"#### Images of word {word} in book {book}")
        used_by = stored_thumbs(dataset, view.database.tolist(), 6) if view.n_database else ""
        st.html(
            '<div class="hl-side"><span>Nearest queries</span></div>'
            + stored_thumbs(dataset, view.queries.tolist(), 6, "query")
            + f'<div class="hl-side"><span>Used by {view.n_database:,} database images</span>'
            f"<small>the first {len(view.database)}</small></div>{used_by}"
        )
        st.caption(section("codes", "word_gallery"))
    with right:
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


def reconstruction(dataset: str, method: str, n_bits: int) -> None:
    """What the words lose of the queries' vectors."""
    found = words.reconstruction(dataset, method, n_bits)
    chart(
        _reconstruction_figure(dataset, method, n_bits),
        key="reconstruction",
        alt=f"Histogram of the reconstruction error over queries, mean {found.mean:.0%}",
        table={
            "from": np.round(found.edges[:-1], 4).tolist(),
            "to": np.round(found.edges[1:], 4).tolist(),
            "share of queries": np.round(found.share, 4).tolist(),
        },
        below=section("codes", "reconstruction_chart"),
    )


@_keep
def _usage_figure(dataset: str, method: str, n_bits: int, book: int, word: int) -> go.Figure:
    return bucket_figures.word_usage(words.usage(dataset, method, n_bits).share, book, word)


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


@_keep
def _reconstruction_figure(dataset: str, method: str, n_bits: int) -> go.Figure:
    found = words.reconstruction(dataset, method, n_bits)
    return distance_figures.histogram(
        found.edges,
        found.share,
        x="squared error, of the squared length",
        y="share of queries",
        mean=found.mean,
    )
