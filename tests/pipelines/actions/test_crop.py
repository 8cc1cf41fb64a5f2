"""`crop`: sides cut off, or a random part kept; figures follow the pixels."""

import re

import numpy as np
import pytest
import shapely
from hypothesis import given

from pipelines.actions.crop import Crop
from pipelines.actions.parameters import RandomPart, read_length
from pipelines.figures import Bitmap, Figure, Point, Polygon, Rectangle
from pipelines.image import Rect
from pipelines.sample import Randomness, Sample
from tests.pipelines.figures.strategies import SIZE, bitmaps, rects
from tests.support import coordinates, drawn, mask_of, pixels_of, tiny_sample


def crop(sample: Sample, **sides: str) -> list[Sample]:
    return list(Crop.from_settings({"sides": sides}).apply(sample, None))


def test_the_worked_numbers():
    ring = Polygon([(0, 0), (8, 0), (8, 8), (0, 8)], ([(2, 2), (6, 2), (6, 6), (2, 6)],))
    figures = [
        Figure("r", Rectangle(1, 2, 5, 6)),
        Figure("b", Bitmap(3, 4, mask_of("#.#", ".#."))),
        Figure("p", Point(4, 3)),
        Figure("c", ring),
    ]
    (found,) = crop(tiny_sample(figures, size=(10, 20)), left="4px", top="1px", right="3px")
    assert found.image.size == (9, 13)
    rectangle, bitmap, point, outline = (figure.shape for figure in found.figures)
    assert rectangle == Rectangle(0, 1, 1, 5)
    assert bitmap == Bitmap(0, 3, mask_of(".#", "#."))
    assert point == Point(0, 2)
    expected = shapely.Polygon([(4, 7), (4, 0), (0, 0), (0, 1), (2, 1), (2, 5), (0, 5), (0, 7)])
    assert shapely.equals(shapely.Polygon(outline.exterior), expected)
    assert outline.holes == ()
    assert len(outline.exterior) == 8


def test_the_picture_is_cut_likewise():
    (found,) = crop(tiny_sample((), size=(10, 20)), left="4px", top="1px", right="3px")
    picture = coordinates((10, 20))
    assert np.array_equal(pixels_of(found, picture), picture[1:10, 4:17])


def test_percentages_are_truncated_shares_of_the_sides():
    (found,) = crop(tiny_sample((), size=(50, 99)), left="33.3%", top="5%")
    assert found.image.ops[0].left == 32
    assert found.image.ops[0].top == 2


def test_nothing_left_is_nothing_out():
    assert crop(tiny_sample(), left="60%", right="40%") == []
    assert crop(tiny_sample(), top="100%") == []
    assert crop(tiny_sample(), left="999px") == []


def test_a_sample_without_objects_is_kept():
    (found,) = crop(tiny_sample(), left="58px", top="38px")
    assert found.figures == ()


def test_missing_sides_are_zero():
    (found,) = crop(tiny_sample())
    assert found.image.size == (40, 60)
    assert found.figures == tiny_sample().figures


@pytest.mark.parametrize(
    "value",
    [
        *(
            "5",
            "5.5px",
            "-5px",
            "px",
            "%",
            "5%banana",
            "banana5%",
            "5 px",
            " 5px",
            "5pxx",
            "1e2%",
            "-3%",
            5,
            None,
            ["5px"],
            "",
        ),
        "٣px",
    ],
)
def test_lengths_that_are_none(value):
    message = 'a length is a whole number of pixels like "10px" or a percentage like "33.3%", not negative'
    with pytest.raises(ValueError, match=re.escape(message)):
        read_length(value)


@pytest.mark.parametrize(
    ("value", "extent", "expected"),
    [("10px", 5, 10), ("33.3%", 100, 33), ("99.99%", 100, 99), ("0%", 9, 0), ("200%", 20, 40)],
)
def test_lengths(value, extent, expected):
    assert read_length(value).of(extent) == expected


PART = {"height": {"min_percent": 40, "max_percent": 90}, "width": {"min_percent": 15, "max_percent": 95}}


def random_rects(settings: dict, size: tuple[int, int], count: int = 300) -> list[Rect]:
    action = Crop.from_settings({"random_part": settings})
    randomness, sample = Randomness(0, "crop $b"), tiny_sample((), size=size)
    found = []
    for number in range(count):
        (one,) = action.apply(sample, randomness.for_key(sample.child("multiply", number).key))
        (op,) = one.image.ops
        found.append(Rect(op.left, op.top, op.right, op.bottom))
    return found


def test_a_random_part_has_its_shares_and_lies_inside():
    found = random_rects(PART, (100, 200))
    assert all(rect.within((100, 200)) for rect in found)
    assert {29 < rect.width < 191 for rect in found} == {True}
    assert {39 < rect.height < 91 for rect in found} == {True}
    widths = [rect.width / 200 for rect in found]
    assert min(widths) < 0.2
    assert max(widths) > 0.9
    assert np.corrcoef(widths, [rect.height for rect in found])[0, 1] < 0.2, "both sides are drawn for themselves"


def test_a_random_part_can_touch_every_border():
    found = random_rects(
        {"height": {"min_percent": 90, "max_percent": 90}, "width": {"min_percent": 90, "max_percent": 90}}, (10, 10)
    )
    assert {rect.left for rect in found} == {0, 1}
    assert {rect.bottom for rect in found} == {9, 10}


def test_one_share_for_both_sides():
    share = {"min_percent": 20, "max_percent": 80}
    found = random_rects({"height": share, "width": share, "keep_aspect_ratio": True}, (100, 200))
    assert all(abs(rect.width - 2 * rect.height) <= 1 for rect in found)


def test_the_worked_random_part():
    class Fixed:
        def uniform(self, low: float, high: float) -> float:
            return {10: 25.7, 80: 82.3}[low]

        def integers(self, low: int, high: int, endpoint: bool) -> int:
            assert endpoint
            return high

    shares = {"width": {"min_percent": 10, "max_percent": 30}, "height": {"min_percent": 80, "max_percent": 90}}
    part = Crop.from_settings({"random_part": shares}).random_part
    assert isinstance(part, RandomPart)
    assert part.draw((100, 200), Fixed()) == Rect(149, 18, 200, 100)


def test_all_of_it_is_all_of_it():
    whole = {"min_percent": 100, "max_percent": 100}
    assert set(random_rects({"height": whole, "width": whole}, (17, 33), 5)) == {Rect(0, 0, 33, 17)}


def test_less_than_a_pixel_is_nothing():
    small = {"min_percent": 0.5, "max_percent": 0.5}
    action = Crop.from_settings({"random_part": {"height": small, "width": small}})
    assert list(action.apply(tiny_sample(), Randomness(0, "x").for_key(b"k"))) == []


@given(bitmaps(), rects())
def test_the_mask_stays_on_its_pixels(mask, rect):
    picture = coordinates(SIZE)
    sides = {
        "left": f"{rect.left}px",
        "top": f"{rect.top}px",
        "right": f"{SIZE[1] - rect.right}px",
        "bottom": f"{SIZE[0] - rect.bottom}px",
    }
    (found,) = crop(tiny_sample([Figure("b", mask)], size=SIZE), **sides)
    pixels, whole = pixels_of(found, picture), drawn(mask, SIZE)
    canvas = np.zeros(found.image.size, bool)
    for figure in found.figures:
        figure.shape.draw(canvas, 1)
    assert np.array_equal(canvas, whole[pixels[:, :, 1], pixels[:, :, 0]])


def test_sides_that_leave_nothing_are_warned_of():
    (finding,) = Crop.from_settings({"sides": {"left": "60%", "right": "40%", "top": "99%"}}).problems()
    assert finding.severity == "warning"
    assert finding.message == "left and right together cut off 100% of the image: no sample is left"
