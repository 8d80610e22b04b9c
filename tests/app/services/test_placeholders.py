"""Words that stand for pictures: safe, inside the square, whatever the names are."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from app.services.placeholders import MOST_LINES, SIDE, placeholder

LINES = "{http://www.w3.org/2000/svg}g/{http://www.w3.org/2000/svg}text"


def lines(names: list[str], otherwise: str = "d7") -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(placeholder(names, otherwise)).findall(LINES)]


def test_one_class_is_written_out_word_by_word() -> None:
    assert lines(["ship"]) == ["ship"]
    assert lines(["traffic light"]) == ["traffic", "light"]
    assert lines(["maple_tree"]) == ["maple", "tree"]


def test_several_labels_are_counted_where_they_do_not_fit() -> None:
    assert lines(["a", "b", "c"]) == ["a", "b", "c"]
    assert lines(["person", "potted plant", "dog", "cat"]) == ["person", "potted plant", "+2"]


def test_without_labels_the_image_is_named() -> None:
    assert lines([]) == ["d7"]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", 'a"b&c', "x" * 300, " ", "a b c d e f g h"])
def test_any_name_gives_a_picture(name: str) -> None:
    root = ElementTree.fromstring(placeholder([name], "d0"))
    assert [node.tag.rpartition("}")[2] for node in root] == ["rect", "g"]
    words = root.findall(LINES)
    assert 1 <= len(words) <= MOST_LINES
    assert all(0 < float(word.get("y", "0")) < SIDE for word in words)
    assert all(len(word.text or "") <= 16 for word in words)
