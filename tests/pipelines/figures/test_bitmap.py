"""Masks on the pixel grid: exact under every operation, and packed as the annotation file wants them."""

import pickle
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.figures import Bitmap
from pipelines.image import Rect
from tests.pipelines.figures.strategies import HEIGHT, SIZE, WIDTH, bitmaps, masks, rects
from tests.support import drawn, mask_of

CHECKERED = mask_of("#.#", ".#.")


def test_area_counts_pixels_and_bounds_end_after_the_last_one():
    mask = Bitmap(3, 4, CHECKERED)
    assert mask.area == 3
    assert mask.bounds == (3, 4, 6, 6)


def test_a_crop_keeps_coordinates_and_trims_margins():
    (piece,) = Bitmap(3, 4, CHECKERED).crop(Rect(4, 1, 17, 10))
    assert piece == Bitmap(4, 4, mask_of(".#", "#."))
    assert piece.shift(-4, -1) == Bitmap(0, 3, mask_of(".#", "#."))


def test_a_crop_that_hits_only_unset_pixels_gives_nothing():
    assert Bitmap(3, 4, CHECKERED).crop(Rect(4, 4, 5, 5)) == ()


def test_flips_are_exact_on_pixels():
    mask = Bitmap(3, 4, CHECKERED)
    assert mask.flip("vertical", (10, 20)).bounds == (14, 4, 17, 6)
    assert mask.flip("horizontal", (10, 20)) == Bitmap(3, 4, mask_of(".#.", "#.#"))


def test_resizing_reads_the_source_pixel_under_each_result_centre():
    ramp = np.eye(8, dtype=bool)
    # 8 → 4 reads 1, 3, 5, 7; 4 → 6 reads 0, 1, 1, 2, 3, 3.
    (half,) = Bitmap(0, 0, ramp).resize((8, 8), (4, 4), 0, 0)
    assert half == Bitmap(0, 0, np.eye(4, dtype=bool))
    row = np.array([[True, False, False, True]])
    (wide,) = Bitmap(0, 0, row).resize((1, 4), (1, 6), 0, 0)
    assert wide.pixels.tolist() == [[True, False, False, False, True, True]]


def test_the_worked_resize_of_a_square():
    (mask,) = Bitmap(20, 20, np.ones((10, 10), bool)).resize((50, 100), (256, 256), 0, 0)
    assert mask.bounds == (51, 102, 51 + 26, 102 + 52)


def test_a_mask_between_the_read_pixels_vanishes():
    lonely = Bitmap(0, 0, np.ones((1, 1), bool))
    assert lonely.resize((8, 8), (4, 4), 0, 0) == ()


@given(bitmaps(), st.integers(1, 40), st.integers(1, 40), st.integers(0, 3), st.integers(0, 3))
def test_resize_equals_a_double_loop_over_the_canvas(mask, height, width, left, top):
    source = drawn(mask, SIZE)
    expected = np.zeros((height + top, width + left), bool)
    for row in range(height):
        for column in range(width):
            expected[row + top, column + left] = source[
                int((row + 0.5) * HEIGHT / height), int((column + 0.5) * WIDTH / width)
            ]
    results = mask.resize(SIZE, (height, width), left, top)
    found = drawn(results[0], expected.shape) if results else np.zeros_like(expected)
    # A result centre exactly on a border of two source pixels is a matter of the last bit; the loop above is not exact there.
    exact_rows = [(2 * i + 1) * HEIGHT % (2 * height) != 0 for i in range(height)]
    exact_columns = [(2 * i + 1) * WIDTH % (2 * width) != 0 for i in range(width)]
    exact = np.outer([True] * top + exact_rows, [True] * left + exact_columns)
    assert np.array_equal(found[exact], expected[exact])


@given(bitmaps())
def test_area_is_the_number_of_drawn_pixels(mask):
    assert mask.area == drawn(mask, SIZE).sum()


@given(bitmaps(outside=True), rects())
def test_a_crop_draws_what_was_inside(mask, rect):
    inside = np.zeros(SIZE, bool)
    inside[rect.top : rect.bottom, rect.left : rect.right] = True
    pieces = mask.crop(rect)
    expected = drawn(mask, SIZE) & inside
    assert len(pieces) == int(expected.any())
    if pieces:
        assert np.array_equal(drawn(pieces[0], SIZE), expected)
        pixels = pieces[0].pixels
        margins = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
        assert all(margin.any() for margin in margins), "empty rows or columns are left at the margins"


@given(bitmaps(), rects(), rects())
def test_a_crop_of_a_crop_is_the_crop_of_the_intersection(mask, one, other):
    both = Rect(
        max(one.left, other.left), max(one.top, other.top), min(one.right, other.right), min(one.bottom, other.bottom)
    )
    in_turn = [piece for first in mask.crop(one) for piece in first.crop(other)]
    at_once = [] if both.empty else list(mask.crop(both))
    assert in_turn == at_once


@given(bitmaps(), st.sampled_from(["vertical", "horizontal"]))
def test_a_flip_mirrors_the_canvas_and_twice_is_nothing(mask, axis):
    canvas = drawn(mask, SIZE)
    mirrored = canvas[:, ::-1] if axis == "vertical" else canvas[::-1]
    once = mask.flip(axis, SIZE)
    assert np.array_equal(drawn(once, SIZE), mirrored)
    assert once.flip(axis, SIZE) == mask


@given(masks())
def test_the_packed_form_gives_the_same_pixels(pixels):
    mask = Bitmap(2, 3, pixels)
    again = Bitmap.from_record(mask.record())
    assert again == mask
    assert again.pixels.dtype == bool


@given(masks())
def test_the_packed_form_is_png_rows(pixels):
    rows = zlib.decompress(Bitmap(0, 0, pixels).packed)
    stride = (pixels.shape[1] + 7) // 8 + 1
    assert len(rows) == stride * pixels.shape[0]
    for number, row in enumerate(pixels):
        bits = "".join(f"{byte:08b}" for byte in rows[number * stride + 1 : (number + 1) * stride])
        assert rows[number * stride] == 0, "the filter byte of a row"
        assert bits[: pixels.shape[1]] == "".join("01"[int(value)] for value in row)
        assert "1" not in bits[pixels.shape[1] :], "padding bits"


def test_packing_waits_until_somebody_asks():
    record = Bitmap(0, 0, np.ones((5, 5), bool)).record()
    packed = Bitmap.from_record([b"never looked at" if isinstance(value, bytes) else value for value in record])
    assert packed.shift(2, 1).bounds == (2, 1, 7, 6)
    with pytest.raises(zlib.error):
        _ = packed.pixels


@given(bitmaps())
def test_pickles_in_packed_form(mask):
    assert pickle.loads(pickle.dumps(mask)) == mask


def test_trimmed_drops_empty_margins_or_all():
    assert Bitmap.trimmed(10, 20, mask_of("....", "..#.", "....")) == (Bitmap(12, 21, mask_of("#")),)
    assert Bitmap.trimmed(10, 20, np.zeros((3, 4), bool)) == ()
    assert Bitmap.trimmed(10, 20, np.zeros((0, 4), bool)) == ()


def test_clean_clips_to_the_image():
    mask = Bitmap(-1, -1, np.ones((3, 3), bool))
    assert mask.clean((10, 10)) == (Bitmap(0, 0, np.ones((2, 2), bool)),)
    assert Bitmap(12, 0, np.ones((2, 2), bool)).clean((10, 10)) == ()
