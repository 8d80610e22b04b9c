"""The drawing kit: colours that can be shown and told apart, shapes, and things that stay in their frame."""

from __future__ import annotations

import importlib
import subprocess
import sys

import numpy as np
import pytest

from models.data.drawing import paths
from models.data.drawing.palette import (
    ANCHORS,
    MIN_CONTRAST,
    Ground,
    Oklch,
    distance,
    sample_ground,
    sample_palette,
    vivid,
)
from models.data.drawing.pen import Pen, draw
from models.data.drawing.pose import Pose, bounds, frame, posed
from models.data.drawing.scene import SceneConfig, draw_scene, new_canvas, paint_thing
from models.data.drawing.styles import STYLES, sample_look
from models.data.toyworld import THINGS
from models.errors import NotAvailableError

GROUND_KINDS: tuple[Ground, ...] = ("pastel", "middle", "deep")


def test_known_colours_convert() -> None:
    assert Oklch(1.0, 0.0, 0).srgb() == pytest.approx((1, 1, 1), abs=1e-3)
    assert Oklch(0.0, 0.0, 0).srgb() == pytest.approx((0, 0, 0), abs=1e-3)
    assert Oklch(0.62796, 0.25768, 29.234).srgb() == pytest.approx((1, 0, 0), abs=2e-3)
    assert Oklch(0.45201, 0.31321, 264.052).srgb() == pytest.approx((0, 0, 1), abs=2e-3)


def test_a_colour_out_of_gamut_loses_chroma_and_nothing_else() -> None:
    loud = Oklch(0.7, 0.4, 145)
    red, green, blue = loud.srgb()
    assert all(0 <= v <= 1 for v in (red, green, blue))
    assert green > red and green > blue
    assert Oklch(0.7, 0.9, 145).srgb() == pytest.approx(loud.srgb(), abs=2e-3)


@pytest.mark.parametrize("kind", GROUND_KINDS)
def test_a_thing_stands_out_from_its_ground(kind: Ground) -> None:
    rng = np.random.default_rng(4)
    for _ in range(150):
        palette = sample_palette(rng, sample_ground(rng, kind))
        for role, least in MIN_CONTRAST.items():
            assert distance(getattr(palette, role), palette.ground) >= least, (role, palette)


def test_thin_things_can_ask_for_more_contrast() -> None:
    def contrasts(strength: float) -> list[float]:
        rng = np.random.default_rng(5)
        palettes = (
            sample_palette(rng, sample_ground(rng, "middle"), ground_strength=strength) for _ in range(100)
        )
        return [distance(palette.main, palette.ground) for palette in palettes]

    usual, strong = contrasts(1.0), contrasts(1.35)
    assert min(usual) >= MIN_CONTRAST["main"]
    assert min(strong) > 1.1 * min(usual) and np.mean(strong) > np.mean(usual)


def test_deep_grounds_are_neither_brown_nor_olive() -> None:
    rng = np.random.default_rng(6)
    hues = [sample_ground(rng, "deep").hue for _ in range(300)]
    assert not [hue for hue in hues if 30 < hue < 140]


def test_a_given_main_colour_is_kept() -> None:
    rng = np.random.default_rng(7)
    main = vivid(ANCHORS[0], rng)
    assert sample_palette(rng, sample_ground(rng, "pastel"), main).main == main


def test_shapes_have_the_extent_they_name() -> None:
    box = paths.rect(-1, 0.5, 1, -0.5, radius=0.1).computeTightBounds()
    assert (box.left(), box.top(), box.right(), box.bottom()) == pytest.approx((-1, -0.5, 1, 0.5))
    box = paths.ellipse(0.2, 0, 0.5).computeTightBounds()
    assert (box.left(), box.right()) == pytest.approx((-0.3, 0.7), abs=1e-3)
    ring = paths.ring(0, 0, 1, 0.2)
    assert not ring.contains(0, 0) and ring.contains(0.9, 0)
    both = paths.union(paths.rect(0, 0, 1, 1), paths.rect(0.5, 0.5, 2, 2))
    assert both.contains(0.2, 0.2) and both.contains(1.9, 1.9) and not both.contains(1.9, 0.2)
    assert not paths.difference(paths.rect(0, 0, 1, 1), paths.ellipse(0.5, 0.5, 0.2)).contains(0.5, 0.5)


def test_transform_returns_a_copy() -> None:
    square = paths.rect(0, 0, 1, 1)
    moved = paths.transform(square, move=(2, 0), scale=2.0, angle=90)
    assert square.computeTightBounds().right() == 1
    box = moved.computeTightBounds()
    assert (box.left(), box.right()) == pytest.approx((0, 2), abs=1e-5)


@pytest.mark.parametrize("name", THINGS)
def test_a_thing_draws_in_its_frame_and_in_many_shapes(name: str) -> None:
    shapes = set()
    for seed in range(24):
        marks = draw(THINGS[name], np.random.default_rng(seed))
        again = draw(THINGS[name], np.random.default_rng(seed))
        assert [m.area.dump() for m in marks[:2]] == [m.area.dump() for m in again[:2]]
        (x, y), extent = frame(marks)
        assert abs(x) < 0.4 and abs(y) < 0.6 and 0.55 < extent < 1.35, seed
        shapes.add(tuple(mark.role for mark in marks))
    assert len(shapes) >= 5


def test_the_pivot_of_a_pose_lands_where_it_says() -> None:
    pen = Pen()
    pen.fill(paths.rect(0.2, 0.2, 0.6, 0.6))
    marks = tuple(pen.marks)
    pivot, extent = frame(marks)
    assert pivot == pytest.approx((0.4, 0.4)) and extent == pytest.approx(0.2)
    box = bounds(posed(marks, Pose(30, 20, 50, angle=90, is_flipped=True, pivot=pivot)))
    assert (box.centerX(), box.centerY()) == pytest.approx((30, 20), abs=1e-3)
    assert box.width() == pytest.approx(20, abs=1e-3)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_leaves_a_visible_thing(style: str) -> None:
    rng = np.random.default_rng(3)
    canvas, pixels = new_canvas(64)
    pixels[:] = 255
    palette = sample_palette(rng, Oklch(0.92, 0.03, 230))
    marks = draw(THINGS["mug"], rng)
    paint_thing(canvas, 64, marks, Pose(32, 32, 26), palette, style, sample_look(rng))
    changed = (np.abs(pixels[:, :, :3].astype(int) - 255).sum(axis=2) > 30).mean()
    assert changed > 0.05


def test_equal_seeds_give_equal_scenes_and_others_differ() -> None:
    first, again, other = (draw_scene(THINGS["car"], np.random.default_rng(s)) for s in (1, 1, 2))
    assert first.shape == (64, 64, 3) and first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_size_of_a_scene_is_a_setting() -> None:
    assert draw_scene(THINGS["lamp"], np.random.default_rng(0), SceneConfig(size=96)).shape == (96, 96, 3)


def test_without_skia_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skia", None)
    monkeypatch.delitem(sys.modules, "models.data.drawing.backend")
    with pytest.raises(NotAvailableError, match=r"requirements-dev\.txt.*libgl1 and libegl1"):
        importlib.import_module("models.data.drawing.backend")


def test_reading_data_sets_does_not_load_skia() -> None:
    code = "import sys, models.data; models.data.dataset_infos(); sys.exit('skia' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
