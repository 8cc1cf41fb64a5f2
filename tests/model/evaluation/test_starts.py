"""Damaged masks are damaged as much as they should be; boxes are tight."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.evaluation.protocol import count_overlap
from model.evaluation.starts import DAMAGED_IOU, DAMAGES, STARTS, box_of, damaged_mask
from pipelines.clicks import VOID, Truth


def iou(mask: np.ndarray, truth: Truth) -> float:
    intersection, union = count_overlap(truth, mask)
    return intersection / union


def ellipse(height: int, width: int, centre: tuple[float, float], radii: tuple[float, float]) -> Truth:
    y, x = np.ogrid[:height, :width]
    inside = ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 <= 1
    return inside.astype(np.int8)


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """One or two ellipses, also at the border, sometimes with a rim of void or with noise for an outline."""
    height, width = draw(st.integers(12, 60)), draw(st.integers(12, 60))
    truth = np.zeros((height, width), np.int8)
    for _ in range(draw(st.integers(1, 2))):
        centre = draw(st.floats(0, width - 1)), draw(st.floats(0, height - 1))
        radii = draw(st.floats(1.5, width / 3)), draw(st.floats(1.5, height / 3))
        truth |= ellipse(height, width, centre, radii)
    if draw(st.booleans()):
        noise = np.random.default_rng(draw(st.integers(0, 2**16))).random(truth.shape)
        truth[noise < 0.1] = 0
    if draw(st.booleans()):
        rim = np.zeros_like(truth, bool)
        rim[1:] |= truth[:-1] == 1
        truth[rim & (truth == 0)] = VOID
    return truth


@given(truth=truths(), name=st.text(max_size=5))
@settings(max_examples=150, deadline=None)
def test_a_damaged_mask_has_the_iou_of_davis_585(truth: Truth, name: str) -> None:
    pixels, background = (truth == 1).sum(), (truth == 0).sum()
    # Of fewer pixels than that there may be no mask with such an IoU, or no room for what is added.
    if pixels < 3 or background < pixels:
        return
    before = truth.copy()
    mask = damaged_mask(truth, name)
    assert DAMAGED_IOU[0] <= iou(mask, truth) <= DAMAGED_IOU[1]
    np.testing.assert_array_equal(truth, before)
    np.testing.assert_array_equal(damaged_mask(truth, name), mask)


@pytest.mark.parametrize("pixels", range(3, 40))
def test_small_objects_are_damaged_as_much(pixels: int) -> None:
    truth = np.zeros((20, 20), np.int8)
    truth.ravel()[105 : 105 + pixels] = 1
    for name in "abcdef":
        assert DAMAGED_IOU[0] <= iou(damaged_mask(truth, name), truth) <= DAMAGED_IOU[1]


def test_without_room_for_a_damage_the_nearest_is_given() -> None:
    whole = np.ones((10, 10), np.int8)
    assert DAMAGED_IOU[0] <= iou(damaged_mask(whole, "whole"), whole) <= DAMAGED_IOU[1]
    one = np.zeros((10, 10), np.int8)
    one[4, 4] = 1
    assert iou(damaged_mask(one, "one"), one) in (0.5, 1.0)


def test_names_give_other_damages_and_these_are_of_all_kinds() -> None:
    truth = ellipse(80, 80, (40, 40), (22, 15))
    masks = [damaged_mask(truth, str(number)) for number in range(40)]
    assert len({mask.tobytes() for mask in masks}) == 40
    missed = [((truth == 1) & ~mask).sum() for mask in masks]
    false = [((truth == 0) & mask).sum() for mask in masks]
    assert min(missed) == 0 < max(missed)
    assert min(false) == 0 < max(false)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_begins_somewhere_and_gives_every_pixel_a_place(damage) -> None:  # type: ignore[no-untyped-def]
    mask = ellipse(40, 50, (25, 20), (9, 6)) == 1
    order = damage.order(mask, np.random.default_rng(1))
    assert np.broadcast_to(order, mask.shape).shape == mask.shape
    values = np.broadcast_to(order, mask.shape)[mask if damage.takes else ~mask]
    assert values.max() > values.min()


def test_the_rim_of_void_is_no_gap_in_what_is_added() -> None:
    truth = ellipse(60, 60, (30, 30), (14, 14))
    truth[(ellipse(60, 60, (30, 30), (17, 17)) == 1) & (truth == 0)] = VOID
    grown = next(mask for mask in (damaged_mask(truth, str(n)) for n in range(200)) if _is_grown(mask, truth))
    assert grown[truth == VOID].mean() > 0.5


def _is_grown(mask: np.ndarray, truth: Truth) -> bool:
    return bool(mask[truth == 1].all() and mask[30, 11:49].all())


def test_a_box_is_tight_and_all_of_it_belongs_to_it() -> None:
    truth = np.zeros((20, 30), np.int8)
    truth[4, 7] = truth[9, 21] = 1
    truth[19, 29] = VOID
    assert box_of(truth) == (7, 4, 21, 9)


def test_starts_say_what_a_session_is_given() -> None:
    truth = ellipse(40, 40, (20, 20), (9, 9))
    given = {name: set(start.prompt(truth, "x")) for name, start in STARTS.items()}
    assert given == {"nothing": set(), "damaged": {"mask"}, "box": {"box"}}
    assert [name for name, start in STARTS.items() if start.counts] == ["box"]
