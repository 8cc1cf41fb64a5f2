"""Objects in their places: which of them show enough to count."""

import numpy as np

from pipelines.synthetic.kinds import KINDS
from pipelines.synthetic.silhouettes import Silhouette, visible


def block(height: int, width: int) -> Silhouette:
    alpha = np.ones((height, width), np.float32)
    return Silhouette(KINDS[0], 10, 10, {1: alpha}, alpha, np.zeros_like(alpha))


def test_an_object_of_which_too_little_shows_is_left_out():
    under, over = block(40, 42), block(40, 40)

    assert visible([under, over], 64, 64) == [under, over]  # 80 pixels show
    assert visible([block(39, 42), over], 64, 64) == [over]  # 78 pixels show


def test_an_object_that_is_left_out_hides_nothing():
    plate, speck = block(10, 14), block(8, 8)  # under the speck, 76 pixels of the plate would show

    assert visible([plate, speck], 64, 64) == [plate]
