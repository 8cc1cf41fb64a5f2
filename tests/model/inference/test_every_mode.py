"""Properties of every mode there is: one joins by registering itself."""

import json
from typing import Any

import numpy as np
import pytest

from model.inference.backend import TorchBackend
from model.inference.config import InferenceConfigError, parse_inference_config
from model.inference.modes import MODES, Mode, Question
from model.inference.modes.base import registered
from model.inference.predictor import Predictor
from model.settings.classes import SpecialClasses
from pipelines.annotation import Annotation
from pipelines.figures import Figure, Point, Rectangle
from pipelines.meta import ClassSpec, Meta
from tests.model.toy_networks import bright

HEIGHT, WIDTH = 150, 200
META = Meta((ClassSpec("thing", "rectangle"), ClassSpec("pos", "point"), ClassSpec("neg", "point")))
FIGURES = (Figure("thing", Rectangle(30, 30, 90, 90)), Figure("pos", Point(60, 60)), Figure("neg", Point(150, 20)))


def parsed(name: str, **settings: Any) -> Mode:
    return parse_inference_config(json.dumps({"mode": {"name": name, **settings}}), "request.json").mode


def question(figures: tuple[Figure, ...] = FIGURES) -> Question:
    image = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    image[40:80, 40:80] = 230
    return Question(image, Annotation((HEIGHT, WIDTH), figures), SpecialClasses())


@pytest.fixture(params=sorted(MODES))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_it_is_documented_and_its_name_is_enough_to_ask_for_it(name: str):
    assert MODES[name].__doc__
    assert isinstance(parsed(name), MODES[name])


def test_it_finds_what_is_clicked_and_covers_the_image(name: str):
    found = parsed(name).answer(Predictor(TorchBackend(bright, 2.0)), question())
    assert found.masks
    together = np.logical_or.reduce(found.masks)
    assert together.shape == (HEIGHT, WIDTH)
    assert together[60, 60]
    assert found.probability is not None
    assert found.probability.shape == (HEIGHT, WIDTH)


def test_without_clicks_there_is_no_mask_and_it_is_counted(name: str):
    found = parsed(name).answer(Predictor(TorchBackend(bright, 2.0)), question(FIGURES[:1]))
    assert found.masks == ()
    assert found.probability is None
    assert found.without_clicks >= 1


def test_what_it_adds_has_its_classes(name: str):
    mode = parsed(name, **({"save": True} if "save" in MODES[name].model_fields else {}))
    found = mode.answer(Predictor(TorchBackend(bright, 2.0)), question())
    assert {figure.title for figure in found.areas} <= {spec.title for spec in mode.added_classes(META)}


def test_a_key_that_it_does_not_know_is_refused(name: str):
    with pytest.raises(InferenceConfigError, match=r"mode\.nonsense: unknown key; known here: name|known here: "):
        parsed(name, nonsense=1)


def test_a_name_that_is_taken_is_refused():
    class Again(MODES["full_image"]):  # type: ignore[misc,name-defined]
        pass

    with pytest.raises(ValueError, match=r"Again: the word 'full_image' is model.*FullImage's; a word names one mode"):
        registered(Again)
