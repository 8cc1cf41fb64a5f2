"""What all corruptions share: severities are drawn from their range, and checked."""

import itertools

import numpy as np
import pytest

from pipelines.actions import CATALOGUE
from pipelines.actions.corruption import SeverityRange, draw_severity
from pipelines.image import PixelOp
from pipelines.render import decode
from tests.support import pixels_of, shared, tiny_sample

WORDS = sorted(word for word in CATALOGUE if word.startswith("iaa_imgcorruptlike_"))
OPTIONS = [(word, example["option"]) for word in WORDS for example in CATALOGUE[word].examples]
SIZE = (70, 110)


def picture() -> np.ndarray:
    """Smooth shades, sharp edges, colours."""
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    channels = (128 + 90 * np.sin(x / 9), 110 + 80 * np.cos(y / 7), 60 + 120 * ((x // 20 + y // 20) % 2))
    return np.stack(channels, axis=2).astype(np.uint8)


def corrupted(word: str, option: str, severity: int, seed: int = 0) -> np.ndarray:
    action = CATALOGUE[word].from_settings({"option": option, "severity": severity})
    (found,) = action.apply(tiny_sample((), size=SIZE), np.random.default_rng(seed))
    return pixels_of(found, picture())


def test_there_are_five_families():
    assert [word.removeprefix("iaa_imgcorruptlike_") for word in WORDS] == [
        "blur",
        "color",
        "compression",
        "noise",
        "weather",
    ]


def test_every_option_has_an_example():
    for word in WORDS:
        options = CATALOGUE[word].__dataclass_fields__["option"].type
        assert {example["option"] for example in CATALOGUE[word].examples} == set(options.__args__)


@pytest.mark.parametrize(("word", "option"), OPTIONS)
def test_every_severity_gives_a_picture_and_heavy_is_further_off_than_slight(word, option):
    results = [corrupted(word, option, severity) for severity in range(1, 6)]
    for found in results:
        assert found.shape == (*SIZE, 3)
        assert found.dtype == np.uint8
    errors = [float(np.square(found.astype(float) - picture()).mean()) for found in results]
    assert min(errors) > 0
    if option != "saturate":  # Its first two severities take colour away, the others add it.
        assert errors[4] > errors[0]


@pytest.mark.parametrize(("word", "option"), OPTIONS)
def test_a_recipe_gives_the_same_pixels_again(word, option):
    action = CATALOGUE[word].from_settings({"option": option, "severity": 3})
    (sample,) = action.apply(tiny_sample((), size=SIZE), np.random.default_rng(4))
    source = picture()
    source.setflags(write=False)
    again = PixelOp.from_record(sample.image.ops[0].record())
    assert np.array_equal(again.apply(source), pixels_of(sample, source))


@pytest.mark.parametrize(("word", "option"), OPTIONS)
@pytest.mark.parametrize("size", [(1, 1), (3, 40), (40, 2)])
def test_tiny_pictures_are_no_problem(word, option, size):
    action = CATALOGUE[word].from_settings({"option": option, "severity": 5})
    (sample,) = action.apply(tiny_sample((), size=size), np.random.default_rng(4))
    assert pixels_of(sample, np.full((*size, 3), 90, np.uint8)).shape == (*size, 3)


@pytest.mark.parametrize(("word", "option"), OPTIONS)
def test_the_random_flag_is_true_exactly_where_results_differ(word, option):
    action = CATALOGUE[word].from_settings({"option": option, "severity": 3})
    same = np.array_equal(corrupted(word, option, 3, 0), corrupted(word, option, 3, 1))
    assert bool(action.random) == (not same)
    assert CATALOGUE[word].from_settings({"option": option, "severity": {"min": 1, "max": 2}}).random


def test_a_severity_is_drawn_from_its_range_ends_included():
    rng = np.random.default_rng(0)
    assert {draw_severity(SeverityRange(2, 4), rng, "word") for _ in range(100)} == {2, 3, 4}
    assert draw_severity(3, None, "word") == 3


@pytest.mark.parametrize("word", WORDS)
def test_severities_are_checked(word):
    option = CATALOGUE[word].examples[0]["option"]
    (finding,) = CATALOGUE[word].from_settings({"option": option, "severity": {"min": 4, "max": 2}}).problems()
    assert finding.message == "min 4 is greater than max 2; exchange them"
    for severity in (0, 6):
        with pytest.raises(ValueError, match="severity"):
            CATALOGUE[word].from_settings({"option": option, "severity": severity})


@pytest.mark.slow
def test_severities_grow_on_a_photograph():
    files = sorted(shared("data/voc2007-44/JPEGImages").glob("*.jpg"))
    photograph = decode(files[0].read_bytes())
    for word, option in OPTIONS:
        if option == "saturate":
            continue
        ops = []
        for severity in (1, 3, 5):
            action = CATALOGUE[word].from_settings({"option": option, "severity": severity})
            ops.append(
                next(
                    iter(action.apply(tiny_sample((), size=photograph.shape[:2]), np.random.default_rng(0)))
                ).image.ops[0]
            )
        errors = [float(np.square(op.apply(photograph).astype(float) - photograph).mean()) for op in ops]
        assert all(one < other for one, other in itertools.pairwise(errors)), f"{option}: {errors}"
