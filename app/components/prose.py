"""The prose of a page: sections of one Markdown file in `app/text`, by name."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

_TEXT = Path(__file__).resolve().parents[1] / "text"


@lru_cache(maxsize=32)
def sections(page: str) -> dict[str, str]:
    """Sections of a page's file: the name after `# `, and the paragraphs below it as lines without breaks."""
    parts = re.split(r"^# (.+)$", (_TEXT / f"{page}.md").read_text("utf-8"), flags=re.MULTILINE)
    return {
        name.strip(): re.sub(r"(?<!\n)\n(?!\n)", " ", body.strip())
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def section(page: str, name: str) -> str:
    """One section of a page's prose."""
    return sections(page)[name]
