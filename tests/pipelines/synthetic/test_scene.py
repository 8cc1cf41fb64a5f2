"""Scenes: every object shows, and another seed or number gives another one."""

import numpy as np
import pytest

from pipelines.synthetic.scene import draw_scene
from pipelines.synthetic.silhouettes import SMALLEST_FIGURE

SMALL = (96, 72)


def test_another_seed_or_number_gives_another_scene():
    first = draw_scene(0, 0, SMALL)

    assert not np.array_equal(first.image, draw_scene(1, 0, SMALL).image)
    assert not np.array_equal(first.image, draw_scene(0, 1, SMALL).image)


@pytest.mark.parametrize("number", range(12))
def test_every_object_of_a_scene_shows(number):
    scene = draw_scene(7, number, SMALL)

    areas = np.bincount(scene.instances.ravel(), minlength=len(scene.kinds) + 1)[1:]
    assert len(areas) == len(scene.kinds) == len(scene.labels) >= 1
    assert areas.min() >= SMALLEST_FIGURE
    assert scene.image.shape == (SMALL[1], SMALL[0], 3)
    assert scene.image.std() > 2
    assert scene.regions.max() < len(scene.surroundings)
