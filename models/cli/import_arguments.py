"""Options of `import`, `fetch` and `forget`."""

from __future__ import annotations

import argparse


def add_import(parser: argparse.ArgumentParser) -> None:
    """Options of `import`."""
    parser.add_argument("name", metavar="NAME", help="what the data set is called from now on")
    parser.add_argument(
        "--images",
        required=True,
        metavar="DIR|ZIP",
        help="a folder or zip: sub-folders are labels, or query, database, train; or see --labels",
    )
    parser.add_argument(
        "--labels",
        metavar="FILE",
        help="image,labels[,caption][,role], labels separated by ; (default: labels.csv within)",
    )
    parser.add_argument(
        "--split-files",
        metavar="DIR",
        help="train.txt, test.txt, database.txt: a path below --images, then 0 or 1 a class",
    )
    parser.add_argument(
        "--query-fraction", type=float, default=0.1, metavar="X", help="share of the images (default 0.1)"
    )
    parser.add_argument(
        "--train-fraction", type=float, default=0.5, metavar="X", help="share of the database (default 0.5)"
    )
    parser.add_argument("--link", action="store_true", help="leave the images of a folder where they are")
    _add_both(parser)


def add_fetch(parser: argparse.ArgumentParser) -> None:
    """Options of `fetch`."""
    parser.add_argument("name", metavar="NAME", help="mnist, fashionmnist, cifar10, cifar100 or voc")
    parser.add_argument(
        "--from",
        dest="files",
        metavar="PATH",
        help="torchvision's root folder, or a folder or zip with train/<class> and test/<class>",
    )
    parser.add_argument("--as", dest="save_as", metavar="NAME", help="another name for the data set")
    _add_both(parser)


def add_forget(parser: argparse.ArgumentParser) -> None:
    """Options of `forget`."""
    parser.add_argument("name", metavar="NAME", help="an imported data set, see `datasets`")


def _add_both(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=0, help="of the splits (default 0)")
    parser.add_argument(
        "--drop-leaks",
        action="store_true",
        help="queries whose pixels are in the database or train too are no queries",
    )
