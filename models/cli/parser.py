"""Commands and their options. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, NoReturn, get_args

from models.cli.import_arguments import add_fetch, add_forget, add_import
from models.cli.index_arguments import add_index, add_search
from models.cli.output import Answer, say
from models.cli.scale_arguments import add_scale
from models.types import TieRule


class Parser(argparse.ArgumentParser):
    """argparse with one line for a mistake instead of the usage and a line."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2."""
        say(f"error: {message}. See: {self.prog} --help")
        sys.exit(2)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(prog="python -m models", description="Hashing for image retrieval, method by method.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, handler: str, help: str, among: Any = commands) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = among.add_parser(name, help=help, description=help)
        added.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        added.set_defaults(run=_late(handler))
        return added

    command("methods", "models.cli.lists:methods", "List the hashing methods.")
    command("datasets", "models.cli.lists:datasets", "List the data sets.")

    leaderboard = command("leaderboard", "models.cli.lists:leaderboard", "Scores of all stored runs.")
    leaderboard.add_argument("--dataset", help="only this data set")

    add_import(command("import", "models.cli.importing:import_images", "Bring your own images in."))
    add_fetch(command("fetch", "models.cli.importing:fetch", "Get a published data set."))
    add_forget(command("forget", "models.cli.importing:forget", "Remove an imported data set."))

    features = command("features", "models.cli.features:features", "Compute a data set's backbone features.")
    features.add_argument("dataset", metavar="NAME", help="see `datasets`")
    features.add_argument("--backbone", default="small_cnn", help="default small_cnn; NAME@PIXELS for a size")
    features.add_argument(
        "--weights-file", metavar="FILE", help="weights of the backbone, if not downloadable"
    )

    _add_train(command("train", "models.cli.training:train", "Train a method and store the run."))
    _add_zoo(command("zoo", "models.cli.training:zoo", "Make every stored run that is not current."))
    _add_table(command("table", "models.cli.training:table", "Every method on one large data set."))

    ship = command("ship", "models.cli.training:ship", "Put a library data set's runs into the sample data.")
    ship.add_argument("dataset", metavar="NAME", help="NAME, or NAME@PROTOCOL")
    ship.add_argument(
        "--whole",
        nargs="+",
        metavar="METHOD",
        help="ship their codes, too; besides those with published figures and the best of each family",
    )

    tune = command("tune", "models.cli.training:tune", "Search every method's learning rate, the same way.")
    tune.add_argument("--methods", nargs="+", metavar="NAME", help="default: all")
    tune.add_argument("--jobs", type=int, default=2, help="trials at the same time (default 2)")

    encode = command("encode", "models.cli.coding:encode", "Turn images into codes with a trained run.")
    encode.add_argument("run_name", metavar="RUN", help=_RUN)
    encode.add_argument(
        "--images", nargs="+", required=True, metavar="PATH", help="a folder of images, or image files"
    )
    encode.add_argument("--out", required=True, metavar="codes.npz", help="where the codes go")
    encode.add_argument(
        "--skip-unreadable", action="store_true", help="leave out files that are no image, and name them"
    )
    encode.add_argument("--weights-file", metavar="FILE", help="weights of the backbone, if not downloadable")

    _add_evaluate(command("evaluate", "models.cli.coding:evaluate", "Score queries against a database."))

    add_scale(command("scale", "models.cli.scaling:scale", "How the cost of a search grows, measured here."))
    add_search(command("search", "models.cli.searching:search", "The nearest items of each query."))
    about = "Build, describe and export indexes for fast search."
    index = commands.add_parser("index", help=about, description=about)
    below = index.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_index(partial(command, among=below))
    return parser


_RUN = "a run's folder, its checkpoint, or a stored run as DATASET/METHOD/N_BITS"


def _add_train(train: argparse.ArgumentParser) -> None:
    train.add_argument("method", metavar="METHOD", help="see `methods`")
    train.add_argument("--dataset", default="toyworld", help="see `datasets` (default toyworld)")
    train.add_argument("--n-bits", type=int, default=32, help="code length (default 32)")
    train.add_argument("--seed", type=int, default=0, help="default 0")
    train.add_argument("--epochs", type=int, help="default: the method's own")
    train.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a hyper-parameter; may be repeated"
    )
    train.add_argument(
        "--out",
        metavar="DIR",
        help="default: runs/DATASET/METHOD/N_BITS-sSEED, other backbones named at its end; "
        "for data sets of the library, the same in the library",
    )
    train.add_argument("--resume", action="store_true", help="go on from an interrupted run in the same DIR")
    train.add_argument("--mode", default="head", help="head (frozen backbone, default) or finetune")
    train.add_argument(
        "--backbone",
        default="small_cnn",
        help="default small_cnn; or pixels, hog, or a torchvision model; NAME@PIXELS for a size of your own",
    )
    train.add_argument("--weights-file", metavar="FILE", help="weights of the backbone, if not downloadable")
    train.add_argument(
        "--label-vectors",
        metavar="FILE",
        help="vectors of the class names, for dvsq: .npz (names, vectors), or .txt as of word2vec or GloVe",
    )
    train.add_argument(
        "--short",
        action="store_true",
        help="mode finetune: one short schedule for all methods instead of their sources' settings",
    )
    train.add_argument("--accelerator", help="cpu (default), cuda, mps or auto")
    train.add_argument("--devices", help="processes, one a device; under torchrun the same number as there")
    train.add_argument("--num-nodes", type=int, default=1, help="machines, under torchrun (default 1)")
    train.add_argument("--strategy", default="auto", help="how devices share the work, as ddp (default auto)")
    train.add_argument("--precision", default="32-true", help="as bf16-mixed (default 32-true)")
    train.add_argument("--batch-size", type=int, help="default: the method's own")
    train.add_argument("--lr", type=float, help="learning rate; default: the method's own")
    train.add_argument("--weight-decay", type=float, help="default: the method's own")


def _add_zoo(zoo: argparse.ArgumentParser) -> None:
    zoo.add_argument("--datasets", nargs="+", metavar="NAME", help="default: all on this machine")
    zoo.add_argument("--methods", nargs="+", metavar="NAME", help="default: all")
    zoo.add_argument("--n-bits", nargs="+", type=int, metavar="N", help="code lengths (default 16 32 48 64)")
    zoo.add_argument("--seeds", nargs="+", type=int, metavar="N", help="default 0 1 2")
    zoo.add_argument("--jobs", type=int, default=2, help="runs at the same time (default 2)")
    zoo.add_argument("--force", action="store_true", help="make runs again that are current")


def _add_table(table: argparse.ArgumentParser) -> None:
    table.add_argument("--dataset", required=True, help="NAME, or NAME@PROTOCOL")
    table.add_argument(
        "--backbone", default="mobilenet_v2", help="default mobilenet_v2; NAME@PIXELS for a size"
    )
    table.add_argument("--weights-file", metavar="FILE", help="weights of the backbone, if not downloadable")
    table.add_argument("--methods", nargs="+", metavar="NAME", help="default: all")
    table.add_argument(
        "--n-bits", nargs="+", type=int, metavar="N", help="code lengths (default 12 16 24 32 48 64)"
    )
    table.add_argument(
        "--seeds", nargs="+", type=int, metavar="N", help="all but the first at 48 bits alone (default 0 1 2)"
    )
    table.add_argument("--jobs", type=int, default=2, help="runs at the same time (default 2)")
    table.add_argument(
        "--mode",
        default="head",
        choices=("head", "finetune"),
        help="head (frozen backbone, default) or finetune, by one short schedule for all methods",
    )
    table.add_argument("--force", action="store_true", help="make runs again that are current")


def _add_evaluate(evaluate: argparse.ArgumentParser) -> None:
    evaluate.add_argument("--query", metavar="q.npz", help="codes of the queries, with labels")
    evaluate.add_argument("--database", metavar="db.npz", help="codes of the database, with labels")
    evaluate.add_argument("--run", dest="run_name", metavar="RUN", help=f"instead of files: {_RUN}")
    evaluate.add_argument(
        "--k",
        type=int,
        help="last rank that counts for AP (default: a run's protocol, else the whole ranking)",
    )
    evaluate.add_argument(
        "--tie-rule",
        choices=get_args(TieRule),
        default="expected",
        help="the mAP shown first (default expected)",
    )
    evaluate.add_argument(
        "--normalize-by",
        choices=("relevant", "min_k_relevant", "retrieved"),
        help="divisor of AP (default: a run's protocol, else relevant)",
    )
    evaluate.add_argument("--radius", type=int, default=2, help="Hamming radius of the lookup (default 2)")


def _late(address: str) -> Callable[[argparse.Namespace], Answer]:
    """A handler whose module is imported when it is called."""

    def run(chosen: argparse.Namespace) -> Answer:
        module, name = address.split(":")
        handler: Any = getattr(import_module(module), name)
        answer: Answer = handler(chosen)
        return answer

    return run
