"""`crop_annotation`: objects are cut where they stand."""

import numpy as np
import pytest

from pipelines.actions.crop_annotation import CropAnnotation
from pipelines.figures import Bitmap, Figure, Point, Rectangle
from tests.support import mask_of, tiny_sample

FIGURES = [
    Figure("r", Rectangle(1, 1, 9, 9)),
    Figure("b", Bitmap(3, 4, mask_of("#.#", ".#."))),
    Figure("p", Point(2, 2)),
]


def test_objects_are_cut_but_not_moved_and_the_image_stays():
    sample = tiny_sample(FIGURES, size=(10, 20))
    (found,) = CropAnnotation.from_settings({"sides": {"left": "4px"}}).apply(sample, None)
    assert [figure.shape for figure in found.figures] == [Rectangle(4, 1, 9, 9), Bitmap(4, 4, mask_of(".#", "#."))]
    assert found.image == sample.image


def test_a_random_part_is_drawn():
    settings = {"random_part": {side: {"min_percent": 50, "max_percent": 50} for side in ("width", "height")}}
    action = CropAnnotation.from_settings(settings)
    assert action.random
    sample = tiny_sample([Figure("r", Rectangle(0, 0, 20, 10))], size=(10, 20))
    rng = np.random.default_rng(0)
    boxes = {next(iter(action.apply(sample, rng))).figures[0].shape for _ in range(20)}
    assert {(box.right - box.left, box.bottom - box.top) for box in boxes} == {(10, 5)}
    assert len(boxes) > 5


def test_an_empty_part_drops_the_sample():
    action = CropAnnotation.from_settings({"sides": {"left": "60%", "right": "40%"}})
    assert list(action.apply(tiny_sample(), None)) == []


@pytest.mark.parametrize(("settings", "found"), [({}, "neither is given"), (None, "both are given")])
def test_exactly_one_form_is_expected(settings, found):
    both = {"sides": {}, **CropAnnotation.examples[1]}
    (finding,) = CropAnnotation.from_settings(both if settings is None else settings).problems()
    assert finding.message == f'either "sides" or "random_part" says where objects are kept; {found}'
