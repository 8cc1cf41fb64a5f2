"""Files as bytes: what is written is what another decoder reads."""

import cv2
import numpy as np

from pipelines.synthetic.encode import palette_png, voc_palette
from tests.pipelines.synthetic.png_reader import palette_indices


def test_voc_palette_is_the_published_one():
    published = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 6: (0, 128, 128), 8: (64, 0, 0), 15: (192, 128, 128)}
    published |= {20: (0, 64, 128), 255: (224, 224, 192)}

    assert {index: tuple(voc_palette()[index]) for index in published} == published


def test_palette_png_is_read_back_by_another_decoder():
    indices = np.random.default_rng(0).integers(0, 256, (7, 13), dtype=np.uint8)
    palette = voc_palette()

    png = palette_png(indices, palette)

    seen = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(seen[..., ::-1], palette[indices])
    np.testing.assert_array_equal(palette_indices(png), indices)
