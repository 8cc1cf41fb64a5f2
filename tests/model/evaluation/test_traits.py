"""Traits of objects, each on an object that has it and one that has not, and what some objects have in common."""

import numpy as np
import pytest

from model.evaluation.traits import TRAITS, in_common, traits_of
from pipelines.clicks import Truth

SIZE = 100


def scene(*boxes: tuple[int, int, int, int], ground: int = 120, colour: int = 240) -> tuple[np.ndarray, Truth]:
    """An image of `ground` with boxes (top, bottom, left, right) of `colour`, which are the object."""
    truth = np.zeros((SIZE, SIZE), np.int8)
    for top, bottom, left, right in boxes:
        truth[top:bottom, left:right] = 1
    image = np.full((SIZE, SIZE, 3), ground, np.uint8)
    image[truth == 1] = colour
    return image, truth


def holed() -> tuple[np.ndarray, Truth]:
    image, truth = scene((30, 70, 30, 70))
    truth[45:55, 45:55] = 0
    image[45:55, 45:55] = 120
    return image, truth


PLAIN = scene((40, 60, 40, 60))
WITH = {
    "small": scene((40, 49, 40, 49)),
    "large": scene((10, 90, 10, 60)),
    "border": scene((0, 20, 40, 60)),
    "parts": scene((40, 60, 20, 30), (40, 60, 60, 70)),
    "holes": holed(),
    "thin": scene((10, 90, 50, 53)),
    "faint": scene((40, 60, 40, 60), colour=130),
    "dark": scene((40, 60, 40, 60), colour=20),
}


@pytest.mark.parametrize("name", list(TRAITS))
def test_a_trait_is_seen_where_it_is_and_not_on_a_plain_object(name: str) -> None:
    assert name in traits_of(*WITH[name])
    assert traits_of(*PLAIN) == ()


def test_specks_are_neither_parts_nor_holes() -> None:
    image, truth = scene((40, 60, 40, 60), (5, 6, 5, 7))
    truth[50, 50] = 0
    assert not {"parts", "holes"} & set(traits_of(image, truth))


def test_an_object_that_fills_the_image_differs_from_nothing() -> None:
    assert traits_of(*scene((0, SIZE, 0, SIZE))) == ("large", "border")


def test_what_the_worst_have_in_common_is_said_beside_all() -> None:
    worst = [("small", "border"), ("small",), ("small", "thin")]
    everything = [*worst, ("border",), ("border",), (), (), (), (), ()]
    common = in_common(worst, everything)
    assert [(one.trait.name, one.worst, one.everywhere) for one in common] == [
        ("small", 3, 3),
        ("thin", 1, 1),
        ("border", 1, 3),
    ]
    assert str(common[0]) == "3 of 3 cover less than 1% of the image (of all objects 3 of 10)"
    assert [one.stands_out for one in common] == [True, False, False]


def test_what_all_objects_have_does_not_stand_out() -> None:
    (common,) = in_common([("border",)] * 3, [("border",)] * 9)
    assert not common.stands_out
