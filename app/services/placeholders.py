"""What stands for an image that is not on this machine: its class in words, as a small drawing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

MIME = "image/svg+xml"
SIDE, MARGIN = 96, 8
MOST_LINES = 3
# Width of a letter as a share of its height, mean of a plain sans serif face.
_LETTER = 0.56
_LARGEST, _SMALLEST = 15.0, 9.0


def placeholder(names: Sequence[str], otherwise: str) -> bytes:
    """An SVG picture of words; it suits a light and a dark ground.

    Args:
        names: classes of the image; several are shortened to what fits.
        otherwise: what to write when there are none.
    """
    lines = _lines(names or [otherwise])
    longest = max(len(line) for line in lines)
    size = max(_SMALLEST, min(_LARGEST, (SIDE - 2 * MARGIN) / (_LETTER * longest)))
    step = 1.25 * size
    first = SIDE / 2 - step * (len(lines) - 1) / 2 + 0.35 * size
    words = "".join(
        f'<text x="{SIDE / 2:g}" y="{first + place * step:.1f}">{escape(line)}</text>'
        for place, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" width="{SIDE}" height="{SIDE}">'
        f'<rect width="{SIDE}" height="{SIDE}" fill="#808a93" fill-opacity=".16"/>'
        '<g fill="#76808a" font-family="system-ui, sans-serif" text-anchor="middle" '
        f'font-size="{size:.1f}">{words}</g></svg>'
    ).encode()


def _lines(names: Sequence[str]) -> list[str]:
    """The words in a few lines, each of them short enough for the smallest size."""
    room = int((SIDE - 2 * MARGIN) / (_LETTER * _SMALLEST))
    words = names[0].replace("_", " ").split() if len(names) == 1 else list(names)
    lines: list[str] = []
    for word in words or ["?"]:
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and len(names) == 1 and len(joined) <= room // 2:
            lines[-1] = joined
        else:
            lines.append(word)
    if len(lines) > MOST_LINES:
        rest = len(lines) - MOST_LINES + 1
        lines = [*lines[: MOST_LINES - 1], f"+{rest}" if len(names) > 1 else "…"]
    return [line if len(line) <= room else line[: room - 1] + "…" for line in lines]
