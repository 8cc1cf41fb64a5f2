"""`bitwise_masks`: pixel by pixel with the first mask of a class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.actions.bitwise_masks import BitwiseMasks
from pipelines.figures import Bitmap, Figure, Polygon, Rectangle
from pipelines.tag import Tag
from tests.pipelines.figures.strategies import SIZE, bitmaps
from tests.support import drawn, mask_of, tiny_sample

ROAD = Figure("road", Bitmap(0, 0, mask_of("###")))
CRACK = Figure("crack", Bitmap(2, 0, mask_of("##")), (Tag("old"),), "deep")


def action(word: str, *classes: str) -> BitwiseMasks:
    return BitwiseMasks.from_settings(
        {"type": word, "class_mask": "road", "classes_to_correct": list(classes or ["crack"])}
    )


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("or", Bitmap(0, 0, mask_of("####"))),
        ("and", Bitmap(2, 0, mask_of("#"))),
        ("xor", Bitmap(0, 0, mask_of("##.#"))),
        ("nor", Bitmap(0, 0, mask_of("##.#"))),
    ],
)
def test_the_operations(word, expected):
    (found,) = action(word).apply(tiny_sample([CRACK, ROAD]), None)
    assert found.figures == (Figure("crack", expected, (Tag("old"),), "deep"), ROAD)


@given(bitmaps(), bitmaps(), st.sampled_from(["or", "and", "xor"]))
def test_operations_are_those_of_truth(one, other, word):
    (found,) = action(word).apply(tiny_sample([Figure("road", one), Figure("crack", other)], size=SIZE), None)
    truth = {"or": lambda a, b: a or b, "and": lambda a, b: a and b, "xor": lambda a, b: a != b}[word]
    masks = drawn(one, SIZE), drawn(other, SIZE)
    expected = np.array([[truth(a, b) for a, b in zip(*rows, strict=True)] for rows in zip(*masks, strict=True)], bool)
    left = [drawn(figure.shape, SIZE) for figure in found.figures[1:]]
    assert np.array_equal(left[0], expected) if left else not expected.any()


def test_masks_without_a_pixel_left_are_dropped():
    far = Figure("crack", Bitmap(9, 9, mask_of("#")))
    (found,) = action("and").apply(tiny_sample([ROAD, far]), None)
    assert found.figures == (ROAD,)


def test_only_the_first_object_of_the_class_counts_and_none_of_them_changes():
    second = Figure("road", Bitmap(2, 0, mask_of("##")))
    (found,) = action("and", "crack", "road").apply(tiny_sample([CRACK, ROAD, second]), None)
    assert [figure.shape.area for figure in found.figures] == [1, 3, 2]


def test_without_the_mask_nothing_happens():
    sample = tiny_sample([CRACK, Figure("crack", Rectangle(0, 0, 4, 4))])
    assert action("and").apply(sample, None) == (sample,)


def test_nor_is_named_for_what_it_is():
    (finding,) = action("nor").problems()
    assert (finding.severity, finding.path) == ("warning", ("type",))
    assert finding.message == '"nor" means exclusive or here, not "neither"; write "xor", which says so'
    assert list(action("xor").problems()) == []


def test_an_unknown_operation_is_refused():
    with pytest.raises(ValidationError, match="'or', 'and', 'nor' or 'xor'"):
        action("nand")


@pytest.mark.parametrize("wrong", ["road", "crack"])
def test_another_shape_fails_the_image(wrong):
    figures = [figure for figure in (ROAD, CRACK) if figure.title != wrong]
    figures.append(Figure(wrong, Polygon([(0, 0), (5, 0), (5, 5)])))
    with pytest.raises(ValueError, match=f"^an object of class '{wrong}' is a polygon, bitwise_masks works on bitmaps"):
        action("and").apply(tiny_sample(figures), None)
