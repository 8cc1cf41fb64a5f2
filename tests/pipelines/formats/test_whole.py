"""A picture is whole when its own end is there, whatever lies behind it."""

import io

import numpy as np
import PIL.Image
import pytest

from pipelines.formats.label_images import read_labels
from pipelines.formats.whole import is_whole
from pipelines.render import BadPicture, decode
from tests.support import coordinates, jpeg, palette_png, png

TAILS = {
    "video": b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 8,
    "scan header": b"MotionPhoto" + b"\xff\xda" + bytes(500),
    "padding": bytes(1000),
    "another picture, cut off": jpeg(coordinates((40, 60)))[:-200],
}


def progressive() -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(coordinates((40, 60))).save(file, "JPEG", progressive=True)
    return file.getvalue()


PICTURES = {"jpeg": jpeg(coordinates((40, 60))), "progressive": progressive(), "png": png(coordinates((40, 60)))}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS)
def test_what_lies_behind_a_picture_is_no_part_of_it(picture, tail):
    assert is_whole(picture)
    assert np.array_equal(decode(picture + tail), decode(picture))


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_picture_that_is_cut_off_is_not_whole(picture, share):
    assert not is_whole(picture[: int(len(picture) * share)])
    with pytest.raises(BadPicture, match="is cut off after"):
        decode(picture[: int(len(picture) * share)])


def test_other_files_are_left_to_their_decoders():
    assert is_whole(b"")
    assert is_whole(b"BM")


def test_a_label_image_with_a_tail_is_read_as_it_is():
    labels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    tail = b"\0\0\0\4IDATabcd\0\0\0\0"
    assert np.array_equal(read_labels(palette_png(labels) + tail).indices, labels)
