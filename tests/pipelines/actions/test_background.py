"""`background`: a rectangle below everything, which drawn covers every pixel."""

import pytest

from pipelines.actions.background import Background
from pipelines.actions.base import Notes
from pipelines.figures import Rectangle
from pipelines.meta import ClassSpec, Meta, MetaConflict
from tests.support import chain, drawn, run, tiny_sample

BACKGROUND = Background.from_settings({"class": "bg"})


def test_it_is_the_first_object_and_ends_one_short_of_the_sides():
    sample = tiny_sample(size=(12, 16))
    (found,) = BACKGROUND.apply(sample, None)
    assert (found.figures[0].title, found.figures[0].shape) == ("bg", Rectangle(0, 0, 15, 11))
    assert found.figures[1:] == sample.figures


@pytest.mark.parametrize("size", [(12, 16), (1, 16), (12, 1), (1, 1), (2, 2)])
def test_it_covers_every_pixel_and_survives_being_saved(size):
    (found,) = run(chain(("background", {"class": "bg"})), [tiny_sample([], size=size)]).samples
    (figure,) = found.figures
    assert drawn(figure.shape, size).all()


def test_the_class_is_a_rectangle():
    assert BACKGROUND.map_meta(Meta(), Notes()).shape_of("bg") == "rectangle"
    with pytest.raises(MetaConflict, match="class 'bg' is a polygon in one place and a rectangle in another"):
        BACKGROUND.map_meta(Meta((ClassSpec("bg", "polygon"),)), Notes())
