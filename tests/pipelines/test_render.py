"""Files to pixels and back: whole pictures only, of the size their labels are for, common steps done once."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import pytest

from pipelines import render
from pipelines.image import Image, PixelOp, Pixels, Rect
from tests.support import coordinates, jpeg, png

SIZE = (40, 60)
PICTURE = coordinates(SIZE)
WHOLE = Image("memory://picture.png", SIZE, SIZE)


def test_decoding_gives_rgb():
    assert np.array_equal(render.decode(png(PICTURE)), PICTURE)


def test_grey_becomes_three_channels_and_alpha_is_dropped():
    grey = np.arange(200, dtype=np.uint8).reshape(10, 20)
    assert np.array_equal(render.decode(png(grey)), np.repeat(grey[:, :, None], 3, axis=2))
    with_alpha = cv2.imencode(".png", np.dstack([PICTURE[:, :, ::-1], np.zeros(SIZE, np.uint8)]))[1].tobytes()
    assert np.array_equal(render.decode(with_alpha), PICTURE)


def test_orientation_is_applied():
    import io

    import PIL.Image

    stream = io.BytesIO()
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # lies on its side: a viewer turns it
    PIL.Image.fromarray(PICTURE).save(stream, "JPEG", exif=exif)
    assert render.decode(stream.getvalue()).shape == (60, 40, 3)


@pytest.mark.parametrize("encode", [jpeg, png])
@pytest.mark.parametrize("share", [0.75, 0.9, 0.97])
def test_a_file_that_is_cut_off_is_refused(encode, share):
    data = encode(PICTURE)
    cut = data[: int(len(data) * share)]
    with pytest.raises(render.BadPicture, match=f"the image file is cut off after {len(cut)} bytes"):
        render.decode(cut)


def test_a_jpeg_that_ends_in_its_head_is_refused():
    with pytest.raises(render.BadPicture, match="the image file is cut off after 200 bytes"):
        render.decode(jpeg(PICTURE)[:200])


def test_a_thumbnail_inside_does_not_hide_that_the_file_is_cut_off():
    whole, thumbnail = jpeg(PICTURE), jpeg(coordinates((8, 8)))
    comment = b"\xff\xfe" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    with_thumbnail = whole[:2] + comment + whole[2:]
    assert render.decode(with_thumbnail).shape == (40, 60, 3)
    with pytest.raises(render.BadPicture, match="cut off"):
        render.decode(with_thumbnail[:-60])


@pytest.mark.parametrize("data", [b"", b"hello", b"GIF89a" + bytes(50)])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(render.BadPicture, match=rf"the image cannot be decoded \({len(data)} bytes\)"):
        render.decode(data)


def test_another_size_than_the_labels_is_refused_with_both():
    with pytest.raises(render.BadPicture, match=r"^the image is 60x40 \(width x height\), its labels are for 40x60$"):
        render.decode(png(PICTURE), (60, 40))


@pytest.mark.parametrize("extension", [".png", ".PNG", ".bmp"])
def test_lossless_formats_keep_every_pixel(extension):
    assert np.array_equal(render.decode(render.encode(PICTURE, extension)), PICTURE)


@pytest.mark.parametrize("extension", [".jpg", ".jpeg", ".JPG", ".mpo"])
def test_jpeg_is_written_for_all_its_names(extension):
    data = render.encode(PICTURE, extension)
    assert data[:2] == b"\xff\xd8"
    assert data == cv2.imencode(".jpg", PICTURE[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def test_an_unknown_format_is_refused_by_its_name():
    with pytest.raises((render.BadPicture, cv2.error), match=r"\.xyz|imencode|encoder"):
        render.encode(PICTURE, ".xyz")


@dataclass(frozen=True)
class Counted(PixelOp):
    """Adds a number to every pixel, and counts how often it is done."""

    word: ClassVar[str] = "counted (test)"
    amount: int
    done: ClassVar[list[int]] = []

    def apply(self, pixels: Pixels) -> Pixels:
        self.done.append(self.amount)
        return pixels + np.uint8(self.amount)


@pytest.fixture(autouse=True)
def _forget_the_test_operation():
    Counted.done.clear()
    yield
    PixelOp.registry.pop("counted (test)", None)


def test_common_first_steps_are_done_once():
    common = WHOLE.then(Counted(1)).then(Counted(2))
    images = [common.then(Counted(3)), WHOLE, common.then(Counted(4)), common]
    found = dict(render.evaluate_all(images, PICTURE))
    assert sorted(Counted.done) == [1, 2, 3, 4]
    for number, total in enumerate([6, 0, 7, 3]):
        assert np.array_equal(found[number], PICTURE + np.uint8(total))


def test_every_expression_comes_out_under_its_number():
    images = [WHOLE.crop(Rect(n, n, 20 + n, 30)).flip("vertical") for n in range(4)] + [WHOLE]
    found = dict(render.evaluate_all(images, PICTURE))
    assert sorted(found) == list(range(5))
    for number, image in enumerate(images):
        assert np.array_equal(found[number], render.evaluate(image, PICTURE))


def test_the_source_is_not_written_to():
    picture = PICTURE.copy()
    picture.setflags(write=False)
    list(render.evaluate_all([WHOLE.flip("vertical"), WHOLE.crop(Rect(0, 0, 9, 9)).flip("horizontal")], picture))
    assert np.array_equal(picture, PICTURE)
