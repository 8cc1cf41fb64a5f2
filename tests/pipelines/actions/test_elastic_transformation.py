"""`elastic_transformation`: picture, masks and outlines are bent by one field."""

import numpy as np
import pytest

from pipelines.actions.base import Notes
from pipelines.actions.elastic_transformation import ElasticTransformation, random_field
from pipelines.figures import Bitmap, Figure, Point, Polygon, Rectangle
from pipelines.meta import ClassSpec, Meta
from pipelines.sample import Sample
from tests.support import coordinates, drawn, pixels_of, tiny_sample

SIZE = (90, 120)


def bent(sample: Sample, alpha: float, sigma: float, seed: int = 0, **more: object) -> Sample:
    settings = {"alpha": {"min": alpha, "max": alpha}, "sigma": {"min": sigma, "max": sigma}, **more}
    (found,) = ElasticTransformation.from_settings(settings).apply(sample, np.random.default_rng(seed))
    return found


def disc() -> np.ndarray:
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    return (x - 60) ** 2 + (y - 45) ** 2 < 30**2


def test_masks_and_outlines_stay_on_what_they_mark():
    turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    outline = np.column_stack((60.5 + 30 * np.cos(turns), 45.5 + 30 * np.sin(turns)))
    sample = tiny_sample([Figure("b", *Bitmap.trimmed(0, 0, disc())), Figure("p", Polygon(outline))], size=SIZE)
    found = bent(sample, 150, 9)
    lit = pixels_of(found, disc()[:, :, None].repeat(3, axis=2).astype(np.uint8) * 255)[:, :, 0] > 127
    assert (lit != disc()).sum() > 100
    mask, polygon = (drawn(figure.shape, SIZE) for figure in found.figures)
    assert (mask & lit).sum() / (mask | lit).sum() > 0.98
    assert (polygon & lit).sum() / (polygon | lit).sum() > 0.95


def test_without_strength_nothing_moves():
    sample = tiny_sample(size=SIZE)
    found = bent(sample, 0, 5)
    assert np.array_equal(pixels_of(found, coordinates(SIZE)), coordinates(SIZE))
    assert found.figures == sample.figures


def test_the_field_is_as_strong_as_the_formula_says():
    alpha, sigma = 40.0, 4.0
    field = random_field((300, 300), alpha, sigma, 3)
    assert field.std() == pytest.approx(alpha / np.sqrt(3) / (2 * sigma * np.sqrt(np.pi)), rel=0.1)
    assert not np.array_equal(field, random_field((300, 300), alpha, sigma, 4))


def test_a_point_moves_as_the_picture_under_it():
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[40:43, 70:73] = 255
    found = bent(tiny_sample([Figure("p", Point(71.5, 41.5))], size=SIZE), 150, 9, seed=2)
    lit = np.argwhere(pixels_of(found, picture)[:, :, 0] > 127)
    (point,) = (figure.shape for figure in found.figures)
    assert np.abs(lit.mean(axis=0) + 0.5 - (point.y, point.x)).max() < 1
    assert abs(point.x - 71.5) + abs(point.y - 41.5) > 0.5


def test_listed_classes_become_masks_first():
    mapping = {"box": "box_mask"}
    sample = tiny_sample([Figure("box", Rectangle(20, 20, 50, 40)), Figure("other", Point(5, 5))], size=SIZE)
    found = bent(sample, 60, 8, classes_mapping=mapping)
    assert [(figure.title, figure.shape.kind) for figure in found.figures] == [
        ("box_mask", "bitmap"),
        ("other", "point"),
    ]
    action = ElasticTransformation.from_settings({**ElasticTransformation.examples[0], "classes_mapping": mapping})
    notes = Notes()
    meta = Meta((ClassSpec("box", "rectangle", "#112233"), ClassSpec("other", "point")))
    mapped = action.map_meta(meta, notes)
    assert [(spec.title, spec.shape) for spec in mapped.classes] == [("box_mask", "bitmap"), ("other", "point")]
    assert mapped.classes[0].color == "#112233"
    assert notes.findings == []


def test_a_fold_is_warned_of():
    settings = {"alpha": {"min": 0, "max": 70}, "sigma": {"min": 4, "max": 6}}
    (finding,) = ElasticTransformation.from_settings(settings).problems()
    assert finding.severity == "warning"
    assert "an alpha of 70 with a sigma of 4 folds the image" in finding.message
    assert "keep alpha below 32" in finding.message


@pytest.mark.parametrize(
    ("alpha", "sigma", "message"),
    [
        ((0, 201), (20, 20), "found 201, at most 200 is expected"),
        ((0, 1), (0, 3), "found 0, at least 0.1 is expected"),
        ((3, 1), (4, 4), "min 3 is greater than max 1; exchange them"),
    ],
)
def test_limits_are_checked(alpha, sigma, message):
    settings = {
        name: dict(zip(("min", "max"), pair, strict=True)) for name, pair in (("alpha", alpha), ("sigma", sigma))
    }
    assert message in [finding.message for finding in ElasticTransformation.from_settings(settings).problems()]
