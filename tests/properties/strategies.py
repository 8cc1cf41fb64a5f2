"""Random valid graphs over every action there is, and the tiny project they run on."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice, permutations
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from pipelines.actions import CATALOGUE, Router, Sink, Source
from pipelines.actions.base import Notes
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle
from pipelines.image import Pixels, Size
from pipelines.meta import Meta, MetaConflict
from pipelines.origin import Origin
from pipelines.sample import Sample
from pipelines.tag import Tag
from tests.pipelines.execute.graphs import SETTINGS
from tests.support import layer, meta_of, png, tiny_sample, write_supervisely

SIZE: Size = (30, 40)
STEP_X, STEP_Y = 6, 8
"""What one pixel to the right adds to red, and one down to green."""


def own_coordinates(size: Size = SIZE) -> Pixels:
    """A picture whose red says x, whose green says y, in steps, and whose blue is full: where it is not, lies no picture."""
    picture = np.full((*size, 3), 255, np.uint8)
    picture[:, :, 0] = np.arange(size[1]) * STEP_X
    picture[:, :, 1] = np.arange(size[0])[:, None] * STEP_Y
    return picture


# Without any symmetry, so that every wrong reflection shows.
OBJECT = Bitmap.trimmed(6, 4, np.tri(20, 26, 8, dtype=bool))[0]


def project_samples() -> list[Sample]:
    """Three images in two datasets, two of them of one name, each with a figure of every shape."""
    figures = (
        Figure("bitmap", OBJECT, (Tag("rusty"),)),
        Figure("spot", Bitmap(20, 10, np.ones((9, 12), bool))),
        Figure("polygon", Polygon([(4, 4), (30, 6), (26, 24), (6, 20)], ([(10, 10), (16, 10), (14, 14)],))),
        Figure("rectangle", Rectangle(18, 8, 36, 25)),
        Figure("line", Line([(3, 22), (20, 26), (36, 18)])),
        Figure("point", Point(12.5, 8.0)),
    )
    places = (("ds", "image0.png", 6), ("ds", "image1.png", 4), ("val", "image0.png", 6))
    found = []
    for dataset, name, number in places:
        tags = (Tag("night"),) if dataset == "val" else ()
        plain = tiny_sample(figures[-number:], tags, SIZE, name)
        origin = Origin("P", dataset, name)
        found.append(
            Sample(
                origin.key(), origin, dataset, plain.image, plain.figures, plain.tags, plain.description, plain.extra
            )
        )
    return found


def write_coordinates(root: Path) -> Path:
    """The project as a Supervisely folder."""
    samples = project_samples()
    return write_supervisely(root, samples, {s.origin.file: png(own_coordinates()) for s in samples})


# ---------------------------------------------------------------- settings

SPOKEN_OF = ("car", "person", "road", "lane", "crack", "patch", "dog")
"""Classes that the actions' examples read; a random graph has others in their place."""

LAYERS = sorted(word for word, action in CATALOGUE.items() if not issubclass(action, Source | Sink))
SINKS = sorted(word for word, action in CATALOGUE.items() if issubclass(action, Sink))

GEOMETRIC = (
    *("crop", "flip", "resize", "rotate", "perspective_transform", "elastic_transformation", "sliding_window"),
    *("instances_crop", "multiply", "if", "tag"),
)
"""Words that move pixels and figures alike, and some that leave both alone."""

_MANY = {"sliding_window": 6, "instances_crop": 3, "split_masks": 1, "multiply": 3}
"""How many results to expect of one sample, where that is more than one."""

_MOST = 12


def substituted(value: Any, titles: dict[str, str]) -> Any:
    """Settings with other names of classes and tags, in keys too."""
    if isinstance(value, dict):
        return {titles.get(key, key): substituted(inner, titles) for key, inner in value.items()}
    if isinstance(value, list):
        return [substituted(inner, titles) for inner in value]
    return titles.get(value, value) if isinstance(value, str) else value


def spoken_of(value: Any) -> list[str]:
    """The names in settings that stand for classes."""
    if isinstance(value, dict):
        inside = [name for inner in value.values() for name in spoken_of(inner)]
        return list(dict.fromkeys([*(key for key in value if key in SPOKEN_OF), *inside]))
    if isinstance(value, list):
        return list(dict.fromkeys(name for inner in value for name in spoken_of(inner)))
    return [value] if isinstance(value, str) and value in SPOKEN_OF else []


def meta_after(word: str, settings: Any, meta: Meta) -> Meta | None:
    """The classes and tags after a layer, None where the settings do not suit those before it."""
    action = CATALOGUE[word].from_settings(settings)
    notes = Notes()
    try:
        after = action.map_meta(meta, notes)
    except MetaConflict:
        return None
    findings = [*action.problems(), *notes.findings]
    return None if any(finding.severity == "error" for finding in findings) else after


@st.composite
def settings_for(draw: DrawFn, word: str, meta: Meta) -> tuple[Any, Meta] | None:
    """Settings of an action for what arrives, and the meta after it; None where nothing was found that suits."""
    if word in SETTINGS and draw(st.booleans()):
        settings = draw(SETTINGS[word])
        after = meta_after(word, settings, meta)
        return None if after is None else (settings, after)
    tags = draw(st.permutations(("train", "occluded", "night", "rusty")))
    example = substituted(
        draw(st.sampled_from(CATALOGUE[word].examples)), dict(zip(("train", "occluded"), tags, strict=False))
    )
    names = spoken_of(example)
    # Mostly classes of a shape that the action works on: others give failures, and nothing comes after those. One that does
    # not arrive at all must do no harm either.
    suitable = draw(st.integers(0, 4)) > 0
    strangers = () if suitable and len(meta.titles) >= len(names) else ("stranger", *names)
    titles = draw(st.permutations([*meta.titles, *strangers]))
    for chosen in islice(permutations(titles, len(names)), 60):
        settings = substituted(example, dict(zip(names, chosen, strict=True)))
        after = meta_after(word, settings, meta)
        if after is not None and (not suitable or works(word, settings, meta)):
            return settings, after
    return None


def works(word: str, settings: Any, meta: Meta) -> bool:
    """Whether an action accepts an image with a figure of each class."""
    shapes = {figure.shape.kind: figure.shape for figure in project_samples()[0].figures}
    sample = tiny_sample((Figure(spec.title, shapes[spec.shape]) for spec in meta.classes), size=SIZE)
    action = CATALOGUE[word].from_settings(settings)
    if isinstance(action, Router | Sink):
        return True
    try:
        list(action.apply(sample, np.random.default_rng(0) if action.random else None))
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------- graphs


@st.composite
def graphs(draw: DrawFn, words: Iterable[str] = LAYERS, most: int = 6, whole: bool = False) -> list[dict[str, Any]]:
    """A valid graph with branches, merges, conditions and dead ends on the project P.

    `words` are the actions of its inner layers, at most `most` of them; `whole` keeps to one source that changes no class, and
    to the plainest sink.
    """
    arriving = meta_of(project_samples())
    layers = [layer("data", ["P/*"], "$0", {"classes_mapping": "default"})]
    metas, copies = {"$0": arriving}, {"$0": 1}
    if not whole and draw(st.booleans()):
        source = draw(st.sampled_from([["P/ds"], ["P/val"], ["P/ds", "P/val"]]))
        mapping = {"point": "__ignore__", "spot": "bitmap", "__other__": "__default__"}
        layers.append(layer("data", source, "$1", {"classes_mapping": mapping}))
        metas["$1"], copies["$1"] = _mapped(arriving, mapping), 1
    for _ in range(draw(st.integers(1, most))):
        number = len(layers)
        word = draw(st.sampled_from(list(words)))
        src = _compatible(draw(st.lists(st.sampled_from(list(metas)[-4:]), min_size=1, max_size=2, unique=True)), metas)
        expected = sum(copies[name] for name in src) * _MANY.get(word, 1)
        meta = _union(src, metas)
        found = draw(settings_for(word, meta)) if expected <= _MOST else None
        if found is None:
            word, found, expected = "flip", ({"axis": "vertical"}, meta), min(expected, _MOST)
        dst = [f"${number}a", f"${number}b"] if issubclass(CATALOGUE[word], Router) else [f"${number}"]
        layers.append(layer(word, src, dst if len(dst) > 1 or draw(st.booleans()) else dst[0], found[0]))
        metas.update(dict.fromkeys(dst, found[1]))
        copies.update(dict.fromkeys(dst, expected))
    src = _compatible(draw(st.lists(st.sampled_from(list(metas)[-5:]), min_size=1, max_size=3, unique=True)), metas)
    sink = "supervisely" if whole else draw(st.sampled_from(SINKS))
    found = draw(settings_for(sink, _union(src, metas)))
    return [*layers, layer(sink, src, "out", found[0]) if found else layer("supervisely", src, "out")]


def _mapped(meta: Meta, mapping: dict[str, str]) -> Meta:
    return CATALOGUE["data"].from_settings({"classes_mapping": mapping}).map_meta(meta, Notes())


def _union(names: Iterable[str], metas: dict[str, Meta]) -> Meta:
    merged = Meta()
    for name in names:
        merged = merged.union(metas[name])
    return merged


def _compatible(names: list[str], metas: dict[str, Meta]) -> list[str]:
    """As many of the connections, from the first on, as may be merged."""
    kept: list[str] = []
    for name in names:
        try:
            _union([*kept, name], metas)
        except MetaConflict:
            continue
        kept.append(name)
    return kept
