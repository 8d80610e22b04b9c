"""The charts of a measurement, each with its table and a line on how it was measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from app.components.prose import section
from app.components.reading import chart
from app.figures import scale as figures
from app.services import scale

SINGLE, BATCH = "one at a time", "all at once"
CODES = {scale.CLUSTERED: "modelled on real codes", scale.UNIFORM: "uniform noise"}
Found = dict[str, list[scale.Point]]
Read = Callable[[scale.Point], float]


def protocol(result: scale.Result, code_model: str) -> str:
    """How every figure below was measured, in one sentence."""
    codes = f"modelled on {result.run}" if code_model == scale.CLUSTERED else "uniform noise"
    return (
        f"{result.n_bits}-bit codes, {codes}; {result.n_query} queries, {result.k} results each; "
        f"{scale.machine_short(result)}."
    )


def measured(result: scale.Result) -> None:
    """Time, memory and recall for one kind of codes, then both kinds side by side."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        code_model = st.segmented_control(
            "Codes",
            result.code_models,
            default=result.code_models[0],
            format_func=CODES.__getitem__,
            required=True,
            key=f"shown_codes_{'_'.join(result.code_models)}",
        )
        way = st.segmented_control(
            "Queries", (SINGLE, BATCH), default=SINGLE, required=True, key="shown_queries"
        )
    code_model = code_model or result.code_models[0]
    read: Read = (lambda p: p.query_ms) if way == SINGLE else (lambda p: p.batch_ms)
    found = result.of(code_model)
    how = protocol(result, code_model)
    st.markdown(in_words(result, found, read))
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Time per query")
        _time(result, found, read, way or SINGLE, how)
    with right:
        st.subheader("Memory of the index")
        _memory(result, found, how)
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Recall against time")
        _recall(result, found, read, way or SINGLE, how)
    with right:
        st.subheader("Real codes against noise")
        _both(result, read, way or SINGLE)
    if result.skipped:
        with st.expander(f"{len(result.skipped)} not measured", type="compact"):
            st.caption(section("scale", "skipped"))
            st.dataframe(
                {
                    "index": [scale.NAMES[s["kind"]] for s in result.skipped],
                    "items": [s["n"] for s in result.skipped],
                    "codes": [CODES[s["code_model"]] for s in result.skipped],
                    "why": [s["reason"] for s in result.skipped],
                },
                hide_index=True,
                key="scale_skipped",
                alt="Indexes that were not measured, and why",
            )


def in_words(result: scale.Result, found: Found, read: Read) -> str:
    """What the largest database shows."""
    exact = found.get("exhaustive")
    if not exact:
        return ""
    last = exact[-1]
    share = result.limit_ms(last.n) / read(last)
    parts = [
        f"Among **{last.n:,}** codes, comparing all of them takes **{ms(read(last))}** a query. "
        f"Reading them once takes one core {ms(result.limit_ms(last.n))}, {share:.0%} of that."
    ]
    floats = [p for p in found.get("float", []) if p.n == last.n]
    if floats:
        parts.append(
            f"Real vectors take {ms(read(floats[0]))} and {floats[0].memory_bytes / last.memory_bytes:.0f} "
            "times the memory."
        )
    others = [
        p
        for kind, points in found.items()
        for p in points
        if kind not in ("float", "exhaustive", "milvus") and p.n == last.n and p.recall >= 0.9
    ]
    if others:
        best = min(others, key=read)
        ratio = read(last) / read(best)
        if ratio >= 1.1:
            parts.append(
                f"The fastest index with recall of at least 0.9 is {scale.NAMES[best.kind]}: "
                f"**{ms(read(best))}**, {ratio:.0f} times as fast, recall {best.recall:.2f}."
                if ratio >= 2
                else f"The fastest index with recall of at least 0.9 is {scale.NAMES[best.kind]}: "
                f"**{ms(read(best))}**, recall {best.recall:.2f}."
            )
        else:
            parts.append("No index with recall of at least 0.9 is clearly faster than that.")
    else:
        parts.append("No other index measured at this size reaches recall 0.9.")
    return " ".join(parts)


def ms(value: float) -> str:
    """Milliseconds in three digits."""
    return f"{value:.3g} ms" if value < 1000 else f"{value / 1000:.3g} s"


def _line(kind: str, points: list[scale.Point], read: Read, high: Read | None = None) -> figures.Line:
    return figures.Line(
        kind,
        scale.NAMES[kind],
        np.array([p.n for p in points], dtype=np.float64),
        np.array([max(read(p), 1e-6) for p in points]),
        None if high is None else np.array([high(p) for p in points]),
        tuple(f"recall {p.recall:.3f}, built in {p.build_s:.3g} s" for p in points),
    )


def _time(result: scale.Result, found: Found, read: Read, way: str, how: str) -> None:
    lines = [
        _line(kind, points, read, (lambda p: p.query_p95_ms) if way == SINGLE else None)
        for kind, points in found.items()
    ]
    sizes = np.array(sorted({p.n for points in found.values() for p in points}), dtype=np.float64)
    limits = [figures.Limit("reading the codes", sizes, np.array([result.limit_ms(n) for n in sizes]))]
    if "float" in found:
        limits.append(
            figures.Limit(
                "reading the vectors", sizes, np.array([result.limit_ms(n, floats=True) for n in sizes])
            )
        )
    chart(
        figures.against_size(lines, limits, y=f"ms a query, {way}", hover="%{y:.3g} ms a query"),
        key="scale_time",
        alt=f"Time per query against the number of items for {len(lines)} kinds of index, "
        "with the time to read all codes from memory",
        table=_table(found),
        below=section("scale", "time"),
        protocol=how,
    )


def _memory(result: scale.Result, found: Found, how: str) -> None:
    lines = [_line(kind, points, lambda p: p.memory_bytes / 1e6) for kind, points in found.items()]
    sizes = np.array(sorted({p.n for points in found.values() for p in points}), dtype=np.float64)
    codes = figures.Limit("the codes alone", sizes, sizes * result.n_bits / 8e6)
    chart(
        figures.against_size(lines, [codes], y="megabytes", hover="%{y:,.3g} MB"),
        key="scale_memory",
        alt=f"Memory of the index against the number of items for {len(lines)} kinds of index",
        table={
            "index": [scale.NAMES[p.kind] for points in found.values() for p in points],
            "items": [p.n for points in found.values() for p in points],
            "bytes": [p.memory_bytes for points in found.values() for p in points],
            "bytes an item": [round(p.memory_bytes / p.n, 1) for points in found.values() for p in points],
        },
        below=section("scale", "memory"),
        protocol=how,
    )


def _recall(result: scale.Result, found: Found, read: Read, way: str, how: str) -> None:
    lines = [
        figures.Line(
            kind,
            scale.NAMES[kind],
            np.array([read(p) for p in points]),
            np.array([p.recall for p in points]),
            text=tuple(figures.short(p.n) for p in points),
        )
        for kind, points in found.items()
    ]
    chart(
        figures.recall_against_time(lines, k=result.k),
        key="scale_recall",
        alt=f"Recall at {result.k} against time per query, {way}, one line per kind of index",
        table=_table(found),
        below=section("scale", "recall"),
        protocol=how,
    )


def _both(result: scale.Result, read: Read, way: str) -> None:
    if len(result.code_models) < 2:
        st.caption(section("scale", "both"))
        st.info("Measured on one kind of codes so far.")
        return
    at = {(p.code_model, p.kind, p.n): p for p in result.points}
    pairs = {
        (kind, n): (at[scale.CLUSTERED, kind, n], at[scale.UNIFORM, kind, n])
        for model, kind, n in at
        if model == scale.CLUSTERED and (scale.UNIFORM, kind, n) in at
    }
    sizes = sorted({n for _, n in pairs})
    if not sizes:
        st.info("No index has been measured on both yet.")
        return
    # A large size says most, unless many kinds are missing there.
    counts = {n: sum(1 for _, m in pairs if m == n) for n in sizes}
    n = max(size for size in sizes if counts[size] >= max(counts.values()) - 1)
    shown = {kind: pair for (kind, m), pair in pairs.items() if m == n}
    names = [scale.NAMES[kind] for kind in shown]
    clustered, uniform = ([pair[side] for pair in shown.values()] for side in (0, 1))
    table = {
        "index": names,
        "recall, real": [p.recall for p in clustered],
        "recall, noise": [p.recall for p in uniform],
        "ms, real": [read(p) for p in clustered],
        "ms, noise": [read(p) for p in uniform],
    }
    chart(
        figures.real_and_noise(
            names,
            np.array([p.recall for p in clustered]),
            np.array([p.recall for p in uniform]),
            x=f"recall at {result.k}, {n:,} items",
        ),
        key="scale_both_recall",
        alt=f"Recall of {len(names)} kinds of index on codes like real ones and on noise, {n:,} items",
        table=table,
    )
    chart(
        figures.real_and_noise(
            names,
            np.array([read(p) for p in clustered]),
            np.array([read(p) for p in uniform]),
            x=f"ms a query, {way}, {n:,} items",
            log=True,
        ),
        key="scale_both_time",
        alt=f"Time per query of {len(names)} kinds of index on codes like real ones and on noise",
        table=table,
        below=section("scale", "both"),
        protocol=protocol(result, scale.CLUSTERED),
    )


def _table(found: Found) -> dict[str, list[object]]:
    points = [p for kind in found.values() for p in kind]
    return {
        "index": [scale.NAMES[p.kind] for p in points],
        "items": [p.n for p in points],
        "ms a query": [p.query_ms for p in points],
        "95th percentile": [p.query_p95_ms for p in points],
        "ms in a batch": [p.batch_ms for p in points],
        "recall": [p.recall for p in points],
        "MB": [round(p.memory_bytes / 1e6, 2) for p in points],
        "build, s": [p.build_s for p in points],
    }


def model_fit(dataset: str, method: str, label: str, n_bits: int) -> None:
    """How the codes for the measurement are made, and how well they keep the distances."""
    fit = scale.model_fit(dataset, method, n_bits)
    if fit is None:
        st.info(section("scale", "model_words"))
        return
    chart(
        figures.distances(fit.real, fit.clustered, fit.uniform),
        key="scale_fit",
        alt=f"Distances between pairs of codes: {label}'s own, modelled on them, and uniform noise",
        table={
            "distance": list(range(n_bits + 1)),
            "real": fit.real.round(6).tolist(),
            "modelled": fit.clustered.round(6).tolist(),
            "uniform": fit.uniform.round(6).tolist(),
        },
        below=section("scale", "model"),
        protocol=f"{label} at {n_bits} bits on {dataset}: {fit.n_originals:,} stored codes, {fit.flips:.2g} "
        f"bits of a copy flip on average. Off by {fit.off('clustered'):.0%} of the pairs, uniform noise by "
        f"{fit.off('uniform'):.0%}; 1,000 codes against all, measured on this page's own data.",
    )
