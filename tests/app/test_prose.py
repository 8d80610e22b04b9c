"""The prose of the pages: every section that is asked for exists, and none lies unread."""

import re
from pathlib import Path

import pytest

from app.components.prose import section, sections

ROOT = Path(__file__).parents[2]
ASKED = re.compile(r'section\(\s*"(\w+)",\s*"(\w+)"\s*\)')
ASKED_FOR = {
    found
    for folder in ("views", "components")
    for path in (ROOT / "app" / folder).glob("*.py")
    for found in ASKED.findall(path.read_text("utf-8"))
}


@pytest.mark.parametrize("page", ["add_data", "codes", "compare", "map", "methods", "metrics", "scale"])
def test_sections_asked_for_are_the_sections_written(page: str) -> None:
    assert {name for asked, name in ASKED_FOR if asked == page} == set(sections(page))


def test_what_pages_leave_out_without_labels_is_said() -> None:
    asked = re.compile(r'(?:no_labels\([\w.]+, |"unlabelled", )"(\w+)"')
    files = [path for folder in ("views", "components") for path in (ROOT / "app" / folder).glob("*.py")]
    found = {name for path in files for name in asked.findall(path.read_text("utf-8"))}
    assert found | {"metrics_codes"} == set(sections("unlabelled"))


def test_lines_are_joined_and_paragraphs_kept() -> None:
    assert "\n" not in section("codes", "entropy")
    assert section("codes", "entropy").startswith("Mean information of a bit")


def test_an_unknown_section_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        section("codes", "no such section")
