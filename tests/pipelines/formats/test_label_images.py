"""Label images: indices and values as stored, colours in order, sizes without decoding."""

import io

import numpy as np
import PIL.Image
import pytest

from pipelines.formats.label_images import BadImage, picture_size, read_indices, read_labels
from pipelines.sources.voc import voc_color
from tests.support import coordinates, grey16_png, jpeg, palette_png, png

INDICES = np.array([[0, 1, 15], [255, 0, 7]], np.uint8)


def saved(image: PIL.Image.Image, form: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def test_a_palette_image_gives_indices_not_colours():
    found = read_labels(palette_png(INDICES))
    assert np.array_equal(found.indices, INDICES)
    assert found.color(15) == voc_color(15) == (192, 128, 128)
    assert found.color(255) == (224, 224, 192)


def test_grey_values_stay_as_stored():
    assert np.array_equal(read_labels(png(INDICES)).indices, INDICES)
    assert read_labels(png(INDICES)).color(1) is None
    values = np.array([[0, 258, 65535]], np.uint16)
    found = read_indices(grey16_png(values))
    assert found.dtype == np.uint16
    assert np.array_equal(found, values)


def test_a_one_bit_image_is_0_and_1():
    mask = np.array([[True, False]])
    assert read_indices(saved(PIL.Image.fromarray(mask))).tolist() == [[1, 0]]


def test_colours_become_indices_with_black_as_0():
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 1], pixels[1, 0] = (128, 0, 0), (0, 0, 200)
    found = read_labels(png(pixels))
    assert found.indices.tolist() == [[0, 2], [1, 0]]
    assert [found.color(index) for index in range(3)] == [(0, 0, 0), (0, 0, 200), (128, 0, 0)]
    without_black = read_labels(png(np.full((1, 1, 3), 9, np.uint8)))
    assert without_black.indices.tolist() == [[1]]
    assert without_black.color(1) == (9, 9, 9)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"nothing", "the label image cannot be read"),
        (palette_png(np.zeros((50, 50)))[:-40], "the label image cannot be read"),
        (
            jpeg(np.random.default_rng(0).integers(0, 256, (30, 30, 3), np.uint8)),
            "colours; labels have a few flat ones. Is it a photo",
        ),
        (saved(PIL.Image.new("CMYK", (2, 2)), "TIFF"), "the label image is of mode CMYK; labels are a palette, grey"),
    ],
)
def test_what_is_no_label_image(data, message):
    with pytest.raises(BadImage, match=message):
        read_labels(data)


@pytest.mark.parametrize(
    "encode",
    [jpeg, png],
)
def test_a_size_is_known_from_the_head_of_the_file(encode):
    data = encode(coordinates((40, 60)))
    assert picture_size(data) == (40, 60)
    assert picture_size(data[:700]) == (40, 60)


@pytest.mark.parametrize(
    ("orientation", "expected"), [(1, (40, 60)), (3, (40, 60)), (5, (60, 40)), (6, (60, 40)), (8, (60, 40))]
)
def test_a_size_is_that_of_the_turned_picture(orientation, expected):
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    assert picture_size(saved(PIL.Image.fromarray(coordinates((40, 60))), "JPEG", exif=exif)) == expected


def test_a_size_of_nothing():
    with pytest.raises(BadImage, match="the image cannot be read"):
        picture_size(b"nothing")
