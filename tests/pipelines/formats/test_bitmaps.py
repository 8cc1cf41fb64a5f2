"""Masks as text: the documented example, what other programs write, and what is no mask."""

import base64
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given

from pipelines.figures import Bitmap
from pipelines.formats.bitmaps import BadBitmap, decode, encode
from tests.pipelines.figures.strategies import masks
from tests.support import mask_of

DOCUMENTED = (
    "eJzrDPBz5+WS4mJgYOD19HAJAtLMIMwIInOeqf8BUmwBPiGuQPr///9Lb86/C2QxlgT5BTM4PLuRBuTwebo4hlTMSa44cOHAB6DqY0yORgq8YkAZBk9XP5d1"
    "TglNANAFGzA="
)


def text_of(pixels: np.ndarray) -> str:
    """An image written by another program, in the same wrapping."""
    return base64.b64encode(zlib.compress(cv2.imencode(".png", pixels)[1].tobytes())).decode()


def test_the_documented_example():
    assert np.array_equal(decode(DOCUMENTED), mask_of("###", "#..", "###"))


def test_our_own_form_of_it_is_a_one_bit_palette_png():
    png = zlib.decompress(base64.b64decode(encode(Bitmap(0, 0, mask_of("###", "#..", "###")))))
    width, height, depth, color_type = struct.unpack(">IIBB", png[16:26])
    assert (width, height, depth, color_type) == (3, 3, 1, 3)
    assert b"PLTE\x00\x00\x00\xff\xff\xff" in png
    assert b"tRNS\x00" in png


@given(masks(20))
def test_round_trip(pixels):
    text = encode(Bitmap(0, 0, pixels))
    assert np.array_equal(decode(text), pixels)
    assert text == encode(Bitmap.from_record(Bitmap(0, 0, pixels).record())), (
        "equal masks, packed before or not, equal text"
    )


@given(masks(20))
def test_other_readers_see_the_mask_in_the_alpha_channel(pixels):
    png = zlib.decompress(base64.b64decode(encode(Bitmap(0, 0, pixels))))
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image.shape[2] == 4
    assert np.array_equal(image[:, :, 3] > 0, pixels)


def test_alpha_decides_in_four_channels_and_value_in_one():
    mask = mask_of("#.", "##")
    four = np.full((2, 2, 4), 9, np.uint8)
    four[:, :, 3] = mask * 128
    assert np.array_equal(decode(text_of(four)), mask)
    assert np.array_equal(decode(text_of(mask.astype(np.uint8))), mask)
    assert np.array_equal(decode(text_of(mask.astype(np.uint16) * 1000)), mask)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (text_of(np.zeros((2, 2, 3), np.uint8)), "bitmap data holds a PNG with 3 channels; a mask has 1 channel, or 4"),
        ("not base64!", "bitmap data is not base64 of a zlib stream"),
        (base64.b64encode(b"no zlib").decode(), "bitmap data is not base64 of a zlib stream"),
        (base64.b64encode(zlib.compress(b"no png")).decode(), "bitmap data holds no readable PNG"),
        ("", "bitmap data"),
    ],
)
def test_what_is_no_mask(data, message):
    with pytest.raises(BadBitmap, match=message):
        decode(data)
