"""The command line: `python -m models <command>`.

With `--json`, stdout is one JSON document and nothing else; without, tables for people. Progress and messages
go to stderr. Exit codes: 0, 1 when runs of the zoo failed, 2 with one line for a user's mistake, 130 after
Ctrl-C with a line that says what was kept. Anything else that is raised is a bug and shows its traceback.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

from models.cli.output import say
from models.cli.parser import build_parser
from models.errors import HashingError

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    chosen = build_parser().parse_args(arguments)
    try:
        # Whatever a library prints must not get between the reader and the JSON document.
        with contextlib.redirect_stdout(sys.stderr) if chosen.json else contextlib.nullcontext():
            answer = chosen.run(chosen)
        answer.write(as_json=chosen.json)
    except HashingError as error:
        say(f"error: {error}")
        return 2
    except KeyboardInterrupt as interrupt:
        say(str(interrupt) or "Interrupted. Nothing was written.")
        return 130
    except BrokenPipeError:  # the reader has seen enough, as in `| head`
        # Python would complain once more when it closes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return int(answer.exit_code)
