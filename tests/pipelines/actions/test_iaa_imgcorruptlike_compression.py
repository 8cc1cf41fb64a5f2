"""`iaa_imgcorruptlike_compression`: low JPEG quality, and coarse squares."""

import cv2
import numpy as np
import pytest

from pipelines.actions.iaa_imgcorruptlike_compression import QUALITY, CorruptByCompression, CorruptCompression
from pipelines.actions.settings import findings_of
from tests.support import coordinates


def test_a_jpeg_of_the_given_quality():
    picture = coordinates((64, 96)) * np.uint8(2)
    _, data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY[2]])
    expected = cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1]
    assert np.array_equal(CorruptByCompression("jpeg_compression", 3).apply(picture), expected)


def test_pixels_become_squares_of_their_mean():
    picture = np.random.default_rng(0).integers(0, 256, (40, 80, 3), np.uint8)
    found = CorruptByCompression("pixelate", 5).apply(picture)
    squares = found.reshape(10, 4, 20, 4, 3)
    assert (squares == squares[:, :1, :, :1]).all()
    means = picture.reshape(10, 4, 20, 4, 3).mean(axis=(1, 3))
    assert np.abs(squares[:, 0, :, 0] - means).max() <= 1


def test_bending_without_the_objects_is_not_offered():
    settings = {"option": "elastic_transform", "severity": 2}
    with pytest.raises(ValueError, match="option") as caught:
        CorruptCompression.from_settings(settings)
    (finding,) = findings_of(CorruptCompression, caught.value, settings)
    assert "'jpeg_compression' or 'pixelate' is expected" in finding.message
