"""Properties of every action there is: an action joins by being in the catalogue, with its examples as the settings to try."""

from __future__ import annotations

import dataclasses
import inspect
import json
import pickle
import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from pipelines.actions import CATALOGUE, Action, Router, Sink, Source
from pipelines.actions.base import Notes
from pipelines.actions.settings import findings_of, setting_names
from pipelines.commands.actions_pages import notes_of
from pipelines.commands.actions_words import settings_of
from pipelines.execute.step import Step
from pipelines.figures import SHAPES, Bitmap, Figure, Line, Point, Polygon, Rectangle, Shape
from pipelines.formats import wire
from pipelines.graph.plan import Layer
from pipelines.image import Image
from pipelines.meta import ClassSpec, Meta, MetaConflict, TagSpec
from pipelines.sample import Randomness, Sample
from pipelines.tag import Tag
from tests.support import assert_same, coordinates, drawn, mask_of, meta_of, pixels_of, tiny_sample

WORDS = sorted(CATALOGUE)
EXAMPLES = [
    pytest.param(word, example, id=f"{word}-{number}")
    for word in WORDS
    for number, example in enumerate(CATALOGUE[word].examples)
]

TAKES_ANYTHING = {"supervisely", "dummy"}
"""Actions whose settings have no meaning, by the language's own rules."""

HIDE_OBJECTS = {"anonymize"}
"""Actions that paint over the pixels of an object on purpose."""

SIZE = (48, 64)


def blobs() -> dict[str, list[Shape]]:
    """Two shapes of each kind, large enough to survive most operations; new ones every time, as somebody may write to them."""
    ring = Polygon([(8, 6), (30, 8), (26, 30), (6, 24)], ([(12, 12), (20, 12), (18, 20)],))
    return {
        "bitmap": [
            Bitmap(8, 6, np.ones((14, 18), bool)),
            Bitmap(30, 20, ~mask_of(*["...#...", "......."] * 6)),
        ],
        "polygon": [ring, Polygon([(34, 20), (60, 22), (50, 44)])],
        "rectangle": [Rectangle(8, 6, 30, 26), Rectangle(34, 20, 60.5, 44)],
        "line": [Line([(5, 5), (25, 9), (45, 4), (60, 20)]), Line([(10, 30), (24, 31), (24, 44), (40, 44)])],
        "point": [Point(12, 12), Point(40.5, 30)],
    }


def strings_in(value: Any) -> list[str]:
    """Every string of a settings object, keys included: the class names and tags an example speaks of are among them."""
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in (key, *strings_in(inner))]
    if isinstance(value, list):
        return [found for inner in value for found in strings_in(inner)]
    return [value] if isinstance(value, str) else []


def samples_for(example: Any, *titles: str) -> list[Sample]:
    """A sample a shape, with two figures for every name in the example (or each given title) and for a class that it does not
    mention; and an empty one."""
    titles = tuple(dict.fromkeys([*(titles or strings_in(example)), "unmentioned"]))
    tags = (Tag("night", "late"), Tag("day"))
    results = [tiny_sample((), tags, SIZE, "empty.png")]
    for kind, shapes in blobs().items():
        figures = [
            Figure(title, shape, (Tag("rusty"),), "words", {"priority": number})
            for title in titles
            for number, shape in enumerate(shapes)
        ]
        results.append(tiny_sample(figures, tags, SIZE, f"{kind}.png"))
    return results


def step_of(action: Action, seed: int = 0) -> Step:
    dst = ("$b", "$c") if isinstance(action, Router) else ("$b",)
    return Step(Layer(f"{action.word} {' '.join(dst)}", 2, action, ("$a",), dst), seed)


def worked(word: str, example: Any, seed: int = 0) -> list[tuple[Sample, list[tuple[int, Sample]]]]:
    """Each input with its results. An action may refuse shapes it is not made for, in words; something must work."""
    action = CATALOGUE[word].from_settings(example)
    pairs = []
    refusals = []
    for sample in samples_for(example):
        try:
            pairs.append((sample, step_of(action.bind([sample.origin]), seed)(sample)))
        except ValueError as error:
            refusals.append(str(error))
    assert any(sample.figures for sample, _ in pairs), f"no sample with objects works with the example: {refusals}"
    return pairs


def test_there_are_actions():
    assert set(WORDS) >= {
        *("data", "objects_filter", "instances_crop", "if", "tag", "flip", "multiply", "crop", "resize"),
        *("generate_hints", "rename", "supervisely"),
    }


# ---------------------------------------------------------------- what a reader expects of the file


@pytest.mark.parametrize("word", WORDS)
def test_the_word_is_the_name_of_the_module_and_of_its_test(word):
    assert CATALOGUE[word].__module__ == f"pipelines.actions.{word}" + ("_" if word == "if" else "")
    assert (Path(__file__).parent / "actions" / f"test_{word}.py").is_file(), (
        f"tests/pipelines/actions/test_{word}.py is missing"
    )


@pytest.mark.parametrize("word", WORDS)
def test_an_action_is_a_frozen_dataclass_with_a_documented_module(word):
    cls = CATALOGUE[word]
    assert dataclasses.is_dataclass(cls)
    assert cls.__dataclass_params__.frozen
    assert re.match(rf"`{word}`: .+\.", inspect.getmodule(cls).__doc__ or ""), (
        "the module's docstring says what the word does"
    )


@pytest.mark.parametrize("word", WORDS)
def test_every_setting_is_explained(word):
    silent = [setting.name for setting in settings_of(CATALOGUE[word]) if len(setting.sentence.split()) < 3]
    assert not silent, f"a sentence is missing under the field{'s' * (len(silent) > 1)} {', '.join(silent)}"


@pytest.mark.parametrize("word", WORDS)
def test_the_docstring_has_all_that_a_page_is_made_of(word):
    assert notes_of(CATALOGUE[word]).examples, "an action's file has an example in numbers: >>> worked(...)"


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize("word", WORDS)
def test_there_are_examples_as_a_graph_would_have_them(word):
    examples = CATALOGUE[word].examples
    assert examples
    assert json.loads(json.dumps(examples)) == list(examples)


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_an_example_builds_and_pickles(word, example):
    action = CATALOGUE[word].from_settings(example)
    assert not [finding for finding in action.problems() if finding.severity == "error"]
    assert pickle.loads(pickle.dumps(action)) == action


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_unknown_settings_are_refused_with_the_nearest_name(word, example):
    if word in TAKES_ANYTHING:
        pytest.skip("settings have no meaning here")
    cls = CATALOGUE[word]
    names = setting_names(cls, ())
    wrong = f"{names[0]}x" if names else "banana"
    with pytest.raises(ValidationError) as caught:
        cls.from_settings({**example, wrong: 1})
    (finding,) = findings_of(cls, caught.value, {**example, wrong: 1})
    assert finding.path == (wrong,)
    nearest = f"there is no such setting (did you mean {names[0]!r}?); allowed: {', '.join(names)}" if names else ""
    hint = nearest or "there are none here"
    assert hint in finding.message


@pytest.mark.parametrize("word", WORDS)
def test_settings_that_are_no_object_are_refused(word):
    if word in TAKES_ANYTHING:
        pytest.skip("settings have no meaning here")
    with pytest.raises(ValidationError) as caught:
        CATALOGUE[word].from_settings([])
    assert [finding.message for finding in findings_of(CATALOGUE[word], caught.value, [])] == [
        "found [], an object {...} is expected"
    ]


# ---------------------------------------------------------------- results


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_the_same_seed_gives_the_same_results(word, example):
    for (_, one), (_, other) in zip(worked(word, example, 7), worked(word, example, 7), strict=True):
        assert [port for port, _ in one] == [port for port, _ in other]
        assert_same([made for _, made in one], [made for _, made in other])
        assert [wire.pack(made) for _, made in one] == [wire.pack(made) for _, made in other]


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_nobody_elses_random_numbers_are_drawn(word, example):
    random.seed(1)
    np.random.seed(1)
    before = random.getstate(), pickle.dumps(np.random.get_state())
    worked(word, example)
    assert (random.getstate(), pickle.dumps(np.random.get_state())) == before


def outcomes(word: str, example: Any) -> set[tuple[Any, ...]]:
    """The different results of sixty copies of one sample, by what is in them."""
    action = CATALOGUE[word].from_settings(example)
    sample = worked(word, example)[-1][0]
    randomness = Randomness(0, "layer")
    found = set()
    for number in range(60):
        rng = randomness.for_key(sample.child("copy", number).key) if action.random else None
        port = action.route(sample, rng) if isinstance(action, Router) else 0
        found.add((port, tuple(map(wire.pack, action.apply(sample, rng)))))
    return found


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_an_action_that_is_not_random_needs_no_generator(word, example):
    if not CATALOGUE[word].from_settings(example).random:
        assert len(outcomes(word, example)) == 1


@pytest.mark.parametrize("word", WORDS)
def test_an_action_that_says_it_is_random_uses_its_generator(word):
    drawing = [example for example in CATALOGUE[word].examples if CATALOGUE[word].from_settings(example).random]
    assert not drawing or max(len(outcomes(word, example)) for example in drawing) > 1


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_the_input_is_not_modified(word, example):
    action = CATALOGUE[word].from_settings(example)
    for sample in samples_for(example):
        masks = [figure.shape.pixels for figure in sample.figures if isinstance(figure.shape, Bitmap)]
        before, copies = wire.pack(sample), [mask.copy() for mask in masks]
        try:
            results = [made for _, made in step_of(action)(sample)]
        except ValueError:
            continue  # a shape that the action is not made for
        for made in results:
            pixels_of(made, coordinates(SIZE))
        assert wire.pack(sample) == before
        assert all(map(np.array_equal, masks, copies)), "a mask was written to"


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_every_result_has_a_key_of_its_own(word, example):
    for sample, results in worked(word, example):
        keys = [made.key for _, made in results]
        assert len({*keys, sample.key}) == len(keys) + 1


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_results_travel_between_workers(word, example):
    for _, results in worked(word, example):
        for _, made in results:
            assert_same(wire.unpack(wire.pack(made)), made)


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_no_more_results_than_the_action_says(word, example):
    action = CATALOGUE[word].from_settings(example)
    for _, results in worked(word, example):
        assert len(results) <= action.fan_out
        assert {port for port, _ in results} <= ({0, 1} if isinstance(action, Router) else {0})


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_classes_and_tags_of_the_results_are_those_that_the_meta_announces(word, example):
    action, judged = CATALOGUE[word].from_settings(example), 0
    for title in strings_in(example) or ["car"]:
        for sample in samples_for(example, title):
            notes = Notes()
            try:
                meta = action.map_meta(meta_of([sample]), notes)
                results = step_of(action)(sample)
            except ValueError:
                continue  # a shape that the action is not made for
            if any(finding.severity == "error" for finding in notes.findings):
                continue
            judged += len(results)
            for _, made in results:
                for figure in made.figures:
                    assert meta.shape_of(figure.title) == figure.shape.kind
                assert {tag.name for tag in made.tags} <= {spec.name for spec in meta.tags}
    assert judged


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_the_meta_knows_nothing_twice_and_invents_no_shape(word, example):
    judged = 0
    for title in strings_in(example) or ["car"]:
        for kind in SHAPES:
            arriving = Meta((ClassSpec(title, kind), ClassSpec("unmentioned", kind)), (TagSpec("day"),))
            try:
                meta = CATALOGUE[word].from_settings(example).map_meta(arriving, Notes())
            except MetaConflict:
                continue
            judged += 1
            assert len(set(meta.titles)) == len(meta.titles)
            assert {spec.shape for spec in meta.classes} <= set(SHAPES)
            assert all(re.fullmatch("#[0-9a-f]{6}", spec.color) for spec in meta.classes)
    assert judged


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_the_rendered_picture_has_the_size_the_sample_says(word, example):
    for _, results in worked(word, example):
        for _, made in results:
            pixels = pixels_of(made, coordinates(SIZE))
            assert pixels.shape == (*made.image.size, 3)
            assert pixels.dtype == np.uint8


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_what_people_attached_stays_on_figures_that_are_passed_on(word, example):
    """A figure that keeps its class and its kind keeps tags, description and unknown keys; generated ones have none."""
    for sample, results in worked(word, example):
        before = {(figure.title, figure.shape.kind) for figure in sample.figures}
        for _, made in results:
            for figure in made.figures:
                if (figure.title, figure.shape.kind) in before and figure.title == "unmentioned":
                    assert (figure.tags, figure.description) == ((Tag("rusty"),), "words")
                    assert "priority" in figure.extra


# ---------------------------------------------------------------- pixels


def agreement(bright: np.ndarray, dark: np.ndarray, mask: np.ndarray) -> float:
    """The share of pixels where two grey pictures and a mask say the same.

    One picture is bright on the object, the other beside it. Where they are alike lies something else, such as a margin.
    """
    seen = np.abs(bright - dark) > 30
    if not seen.any():
        return 1.0
    return float(((bright > dark) == mask)[seen].mean())


OBJECT = Bitmap(10, 8, np.tri(22, 26, 6, dtype=bool))
"""A mask without any symmetry, so that every wrong reflection shows."""

BRIGHT, DARK = (
    np.repeat(np.where(drawn(OBJECT, SIZE), *values).astype(np.uint8)[:, :, None], 3, axis=2)
    for values in ((190, 60), (60, 190))
)


@pytest.mark.parametrize(("word", "example"), EXAMPLES)
def test_figures_stay_on_their_pixels(word, example):
    """The picture is bright where the object is; where an action changes the picture, the object must follow."""
    if word in HIDE_OBJECTS:
        pytest.skip("the object is made unrecognisable")
    action = CATALOGUE[word].from_settings(example)
    for title in [*dict.fromkeys([*strings_in(example), "unmentioned"])]:
        sample = tiny_sample([Figure(title, OBJECT)], size=SIZE)
        for number in range(5):
            try:
                results = step_of(action, seed=number)(sample)
            except ValueError:
                continue  # an action that is not made for masks
            for _, made in results:
                if not made.image.ops:
                    continue
                mask = np.zeros(made.image.size, bool)
                for figure in made.figures:
                    if isinstance(figure.shape, Bitmap):
                        figure.shape.draw(mask, 1)
                bright, dark = (pixels_of(made, picture)[:, :, 0].astype(float) for picture in (BRIGHT, DARK))
                assert agreement(bright, dark, mask) > 0.97, f"the mask of {title!r} does not lie on its object"


def test_the_agreement_sees_every_wrong_reflection():
    mask = drawn(OBJECT, SIZE)
    bright, dark = BRIGHT[:, :, 0].astype(float), DARK[:, :, 0].astype(float)
    assert agreement(bright, dark, mask) == pytest.approx(1)
    for wrong in (mask[:, ::-1], mask[::-1], mask[::-1, ::-1], np.roll(mask, 5, axis=1)):
        assert agreement(bright, dark, wrong) < 0.95


# ---------------------------------------------------------------- the properties can fail


@dataclasses.dataclass(frozen=True)
class _Broken(Action):
    """An action with a deliberate mistake."""

    mistake: str

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        match self.mistake:
            case "the mask is not flipped":
                yield dataclasses.replace(sample, image=sample.image.flip("vertical"))
            case "global random numbers":
                yield dataclasses.replace(sample, description=str(np.random.random()))
            case "writes to the input":
                for figure in sample.figures:
                    if isinstance(figure.shape, Bitmap):
                        figure.shape.pixels[:] = False
                yield sample
            case "more results than said":
                yield from (sample, sample)
            case "a class without announcement":
                yield dataclasses.replace(sample, figures=(Figure("surprise", Point(1, 1)),))


@dataclasses.dataclass(frozen=True)
class _Part:
    """Settings inside of settings, one of them without a sentence."""

    told: int
    """A number of something."""
    silent: int


@dataclasses.dataclass(frozen=True)
class _Unexplained(Action):
    """An action with settings of which some have no sentence, wherever they are."""

    plain: int
    inside: _Part
    """An object of settings."""
    listed: tuple[str | _Part, ...] = ()
    """A list of objects."""
    named: dict[str, _Part] = dataclasses.field(default_factory=dict)
    """Objects by their names."""

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (sample,)


def test_a_setting_without_a_sentence_is_seen_wherever_it_is(monkeypatch):
    monkeypatch.setitem(CATALOGUE, "unexplained", _Unexplained)
    monkeypatch.setattr(_Unexplained, "word", "unexplained", raising=False)
    wanted = r"under the fields plain, inside\.silent, listed\[\]\.silent, named\.\*\.silent"
    with pytest.raises(AssertionError, match=wanted):
        test_every_setting_is_explained("unexplained")


@pytest.mark.parametrize(
    ("mistake", "property_"),
    [
        ("the mask is not flipped", test_figures_stay_on_their_pixels),
        ("global random numbers", test_nobody_elses_random_numbers_are_drawn),
        ("global random numbers", test_the_same_seed_gives_the_same_results),
        ("writes to the input", test_the_input_is_not_modified),
        ("more results than said", test_no_more_results_than_the_action_says),
        ("a class without announcement", test_classes_and_tags_of_the_results_are_those_that_the_meta_announces),
    ],
    ids=str,
)
def test_each_mistake_is_seen(monkeypatch, mistake, property_):
    monkeypatch.setitem(CATALOGUE, "broken", _Broken)
    monkeypatch.setattr(_Broken, "word", "broken", raising=False)
    with pytest.raises(AssertionError):
        property_("broken", {"mistake": mistake})


def test_sources_and_sinks_are_what_a_graph_begins_and_ends_with():
    assert {word for word in WORDS if issubclass(CATALOGUE[word], Source)} == {"data"}
    assert "supervisely" in {word for word in WORDS if issubclass(CATALOGUE[word], Sink)}


def test_an_image_without_operations_is_its_source():
    assert np.array_equal(pixels_of(tiny_sample((), size=SIZE), coordinates(SIZE)), coordinates(SIZE))
    assert Image("a", SIZE, SIZE).ops == ()
