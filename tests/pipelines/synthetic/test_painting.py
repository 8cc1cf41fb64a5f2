"""Painting: colour lies where the mask says."""

import numpy as np
import pytest

from pipelines.synthetic.kinds import KINDS
from pipelines.synthetic.painting import paint
from pipelines.synthetic.silhouettes import place


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_paint_and_mask_of_each_kind_are_the_same_pixels(kind):
    rng = np.random.default_rng(5)
    untouched = np.float32(5000)  # far above any colour: a pixel that is painted at all is seen
    for _ in range(3):
        canvas = np.full((240, 320, 3), untouched)
        silhouette = place(rng, kind, 150, 240, 320)

        paint(rng, canvas, silhouette, light=1.0, look=None)

        painted = 1 - canvas.mean(2)[silhouette.window] / untouched
        np.testing.assert_allclose(painted, silhouette.alpha, atol=0.06)
        canvas[silhouette.window] = untouched
        assert (canvas == untouched).all()
