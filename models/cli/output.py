"""What a command answers, as a JSON document or as a table; and lines to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress

WIDTH_OF_A_PIPE = 200  # a table that goes into a file is not cut at 80 characters


@dataclass(frozen=True)
class Table:
    """Rows for people. Numbers are written by `cell`, right-aligned."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""


@dataclass(frozen=True)
class Answer:
    """The result of a command.

    Attributes:
        document: for `--json`.
        tables: for people.
        lines: text behind the tables.
        exit_code: 0, or 1 when part of the work failed.
        silent: another process of the same command answers.
    """

    document: Any
    tables: Sequence[Table] = ()
    lines: Sequence[str] = ()
    exit_code: int = 0
    silent: bool = False

    def write(self, *, as_json: bool) -> None:
        """Put the answer on stdout."""
        if self.silent:
            return
        if as_json:
            sys.stdout.write(json.dumps(self.document, allow_nan=False) + "\n")
        else:
            _draw(self)
        sys.stdout.flush()


def say(message: str) -> None:
    """One line on stderr, whatever the message holds."""
    sys.stderr.write(" ".join(message.split()) + "\n")


def progress_bar() -> Progress:
    """A bar on stderr that is gone when the work is done; none where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, markup=False, highlight=False)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def cell(value: Any) -> str:
    """A value in a table: scores with four digits, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(cell(part) for part in value)
    return str(value)


def _draw(answer: Answer) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable

    width = None if sys.stdout.isatty() else WIDTH_OF_A_PIPE
    console = Console(file=sys.stdout, width=width, markup=False, highlight=False)
    for table in answer.tables:
        drawn = RichTable(title=table.title or None, box=box.SIMPLE_HEAD, title_justify="left")
        for i, name in enumerate(table.columns):
            numeric = any(
                isinstance(row[i], int | float) and not isinstance(row[i], bool) for row in table.rows
            )
            drawn.add_column(name, justify="right" if numeric else "left")
        for row in table.rows:
            drawn.add_row(*(cell(value) for value in row))
        console.print(drawn)
        if table.caption:
            console.print(table.caption + "\n", soft_wrap=True)
    for line in answer.lines:
        console.print(line, soft_wrap=True)
