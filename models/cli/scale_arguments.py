"""Options of `scale`."""

from __future__ import annotations

import argparse


def add_scale(parser: argparse.ArgumentParser) -> None:
    """Options of `scale`."""
    parser.add_argument(
        "--n", nargs="+", type=int, default=[10_000, 100_000], metavar="N", help="sizes (10000 100000)"
    )
    parser.add_argument(
        "--kinds", nargs="+", metavar="KIND", help="see `index kinds`; and float (default all)"
    )
    parser.add_argument("--n-bits", type=int, default=64, help="code length (default 64)")
    parser.add_argument(
        "--codes",
        nargs="+",
        choices=("clustered", "uniform"),
        default=["clustered"],
        help="modelled on a run's codes (default), uniform noise, or both",
    )
    parser.add_argument(
        "--run", dest="run_name", metavar="RUN", help="the run to model, DATASET/METHOD/N_BITS"
    )
    parser.add_argument("-k", type=int, default=100, help="results a query (default 100)")
    parser.add_argument("--n-query", type=int, default=100, help="queries (default 100)")
    parser.add_argument("--seed", type=int, default=0, help="of codes and queries (default 0)")
    parser.add_argument(
        "--build-limit", type=float, default=180.0, metavar="S", help="longest build in seconds (default 180)"
    )
    parser.add_argument("--out", metavar="FILE", help="keep the result as JSON")
    parser.add_argument("--events", action="store_true", help="tell every event on stderr, one JSON a line")
