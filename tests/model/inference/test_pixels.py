"""Images and clicks that are given: what is understood, and what is refused in words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.inference.backend import TorchBackend
from model.inference.pixels import rgb
from model.inference.predictor import Predictor, Session
from model.inference.zoom import ZoomIn
from pipelines.errors import UserError
from tests.model.toy_networks import bright

COLOURS = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)


def test_colours_are_taken_as_they_are():
    assert rgb(COLOURS) is not None
    assert np.array_equal(rgb(COLOURS), COLOURS)


def test_transparency_is_left_out():
    transparent = np.dstack((COLOURS, np.zeros((6, 8), np.uint8)))
    assert np.array_equal(rgb(transparent), COLOURS)


@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 1)])
def test_grey_is_three_equal_colours(shape: tuple[int, ...]):
    grey = COLOURS[..., 0].reshape(shape)
    assert np.array_equal(rgb(grey), np.dstack([COLOURS[..., 0]] * 3))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("cat.jpg", r"found str; a file is read with cv2.imread\(file\)"),
        (Path("cat.jpg"), "Path; a file is read with cv2"),
        ([[1, 2], [3, 4]], "found list; numpy.asarray"),
        (None, "found NoneType"),
        (COLOURS / 255, "found float64; values from 0 to 1 are multiplied by 255"),
        (COLOURS.astype(np.uint16), "found uint16; values are brought to 0 to 255"),
        (COLOURS > 3, "found bool"),
        (COLOURS[None], "found 1 × 6 × 8 × 3"),
        (COLOURS[..., :2], "found 6 × 8 × 2"),
        (COLOURS.transpose(2, 0, 1), "found 3 × 6 × 8"),
        (np.uint8(3) + np.zeros((), np.uint8), "found"),
        (COLOURS[:0], "the image has no pixels: 0 × 8 × 3"),
    ],
)
def test_anything_else_is_refused_in_words(image: Any, message: str):
    with pytest.raises(UserError, match=message):
        rgb(image)


def session(size: tuple[int, int] = (40, 60)) -> Session:
    return Predictor(TorchBackend(bright, 2.0), ZoomIn(target_size=32)).set_image(np.zeros((*size, 3), np.uint8))


@pytest.mark.parametrize("x", [20, 20.0, np.int64(20), np.float32(20)])
def test_whole_numbers_of_any_kind_are_pixels(x: Any):
    found = session().click(x, 30, True)
    assert found.clicks[0].x == 20
    assert type(found.clicks[0].x) is int
    assert found.mask[30, 20]


@pytest.mark.parametrize("x", [20.5, float("nan"), float("inf"), "20", None, 1 + 2j])
def test_places_between_pixels_are_refused_in_words(x: Any):
    with pytest.raises(UserError, match="a click is on one pixel; give whole numbers"):
        session().click(x, 30, True)


def test_a_long_session_keeps_few_maps_of_the_whole_image_and_undo_is_exact():
    state = session((300, 400))
    seen = []
    for number in range(12):
        state = state.click(20 + 7 * number, 30 + 5 * number, number % 3 > 0)
        seen.append((state.probability.copy(), state.mask.copy()))
    sessions: list[Session] = []
    walk: Session | None = state
    while walk is not None:
        sessions.append(walk)
        walk = walk.before
    kept = [array for one in sessions for array in one._full.values() if array.shape == (300, 400)]
    assert len(kept) <= 4
    for probability, mask in reversed(seen):
        assert np.array_equal(state.probability, probability)
        assert np.array_equal(state.mask, mask)
        state = state.undo()
