"""`generate_hints`: positive points on the objects, negative points everywhere else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.actions.base import Notes
from pipelines.actions.generate_hints import GenerateHints
from pipelines.figures import Bitmap, Figure, Point, Polygon, Rectangle
from pipelines.meta import ClassSpec, Meta
from pipelines.sample import Randomness, Sample
from tests.pipelines.figures.strategies import SIZE, bitmaps
from tests.support import drawn, tiny_sample


def hints(sample: Sample, least: int = 1, seed: int = 0) -> tuple[list[Point], list[Point]]:
    settings = {"class": "car", "positive_class": "pos", "negative_class": "neg", "min_points_number": least}
    rng = Randomness(seed, "generate_hints $h").for_key(sample.key)
    (found,) = GenerateHints.from_settings(settings).apply(sample, rng)
    new = found.figures[len(sample.figures) :]
    assert found.figures[: len(sample.figures)] == sample.figures, "hints come after the objects"
    assert [figure.title for figure in new] == sorted((figure.title for figure in new), reverse=True), (
        "positive ones first"
    )
    return tuple([figure.shape for figure in new if figure.title == title] for title in ("pos", "neg"))


def square(size: tuple[int, int] = (40, 50)) -> Sample:
    return tiny_sample([Figure("car", Bitmap(5, 5, np.ones((10, 10), bool)))], size=size)


def test_points_lie_where_they_should():
    for seed in range(100):
        positive, negative = hints(square(), 1, seed)
        assert positive
        assert negative
        assert all(5 <= point.x <= 14 and 5 <= point.y <= 14 for point in positive)
        assert not any(5 <= point.x <= 14 and 5 <= point.y <= 14 for point in negative)
        assert all(0 <= point.x < 50 and 0 <= point.y < 40 for point in negative)


@given(bitmaps(), st.integers(0, 30), st.integers(0, 5))
def test_points_are_distinct_pixels_of_their_side(mask, least, seed):
    positive, negative = hints(
        tiny_sample([Figure("car", mask), Figure("person", Rectangle(0, 0, 9, 9))], size=SIZE), least, seed
    )
    inside = drawn(mask, SIZE)
    for points, side in ((positive, inside), (negative, ~inside)):
        places = [(point.y, point.x) for point in points]
        assert len(set(places)) == len(places)
        assert all(y == int(y) and x == int(x) and side[int(y), int(x)] for y, x in places)
        assert len(places) >= min(least, side.sum())


def test_numbers_follow_the_exponential():
    extra = np.array([len(hints(square(), 1, seed)[0]) - 1 for seed in range(1500)])
    shares = [(extra == k).mean() for k in range(4)]
    assert shares == pytest.approx([0.393, 0.239, 0.145, 0.088], abs=0.05)
    assert extra.mean() == pytest.approx(1.54, abs=0.2)


def test_all_objects_of_the_class_count_in_every_shape():
    figures = [
        Figure("car", Bitmap(0, 0, np.ones((2, 2), bool))),
        Figure("car", Polygon([(10, 10), (12, 10), (12, 12), (10, 12)])),
        Figure("car", Rectangle(20, 20, 22, 22)),
    ]
    positive, _ = hints(tiny_sample(figures, size=(30, 30)), 1000)
    assert len(positive) == 4 + 9 + 9


def test_no_object_gives_only_negative_points():
    positive, negative = hints(tiny_sample([], size=(5, 5)), 3)
    assert positive == []
    assert len(negative) >= 3


def test_an_object_everywhere_gives_only_positive_points():
    full = tiny_sample([Figure("car", Bitmap(0, 0, np.ones((5, 5), bool)))], size=(5, 5))
    positive, negative = hints(full, 3)
    assert len(positive) >= 3
    assert negative == []


def test_few_background_pixels_are_all_there_is():
    mask = np.ones((5, 5), bool)
    mask[2, 3] = False
    _, negative = hints(tiny_sample([Figure("car", Bitmap(0, 0, mask))], size=(5, 5)), 10)
    assert negative == [Point(3, 2)]


def test_the_classes_are_added_as_points():
    settings = {"class": "car", "positive_class": "pos", "negative_class": "neg", "min_points_number": 1}
    meta = GenerateHints.from_settings(settings).map_meta(Meta((ClassSpec("car", "bitmap"),)), Notes())
    assert [(spec.title, spec.shape) for spec in meta.classes] == [
        ("car", "bitmap"),
        ("pos", "point"),
        ("neg", "point"),
    ]
    same = GenerateHints.from_settings(settings | {"negative_class": "pos"}).map_meta(Meta(), Notes())
    assert same.titles == ("pos",)


def test_without_a_generator_it_says_so():
    settings = {"class": "car", "positive_class": "pos", "negative_class": "neg", "min_points_number": 1}
    with pytest.raises(TypeError, match="generate_hints draws points and needs a random generator"):
        list(GenerateHints.from_settings(settings).apply(square(), None))
