"""What each layer of a graph does to one image, as rows of pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as PillowImage

from pipelines import render
from pipelines.actions import Router, Sink
from pipelines.execute import in_memory
from pipelines.execute.failures import CannotGoOn
from pipelines.execute.reading import Listing
from pipelines.formats import storage
from pipelines.graph.plan import Layer, Plan
from pipelines.origin import Origin
from pipelines.overlay import class_colors, fitted_size, overlay
from pipelines.pictures.contact_sheet import Row, Tile, table
from pipelines.pictures.settings_summary import summary_lines
from pipelines.sample import Sample
from pipelines.sources import Item, Project

BOX = 132, 176
"""(height, width) of the space for one picture."""

_TRIED = 25

# The letters that every machine has.
_PLAINLY = str.maketrans({"→": "->", "↔": "<->", "–": "-", "×": "x", "≥": ">=", "²": "2", "…": "..."})


class NothingToShow(ValueError):
    """An image that cannot be used."""


@dataclass(frozen=True)
class _OneOf(Listing):
    """One image of a run that knows the names of all: some layers number them."""

    all_origins: tuple[Origin, ...] = ()

    @property
    def origins(self) -> Sequence[Origin]:
        return self.all_origins


@dataclass
class _Seen:
    """Every result by the output it went to, in the order of making."""

    result: in_memory.Result
    samples: dict[tuple[str, str], list[Sample]]


def layer_table(
    plan: Plan, listing: Listing, entries: Sequence[int], projects: Mapping[str, Project], seed: int, columns: int
) -> tuple[PillowImage.Image, Origin]:
    """The picture, and the image it shows: the first of the listing's `entries` that gives a sample, else the last tried.

    Raises `NothingToShow` when that image fails.
    """
    for number in entries[:_TRIED]:
        origin, item = listing.entries[number]
        try:
            seen = _watch(plan, listing, origin, item, projects, seed)
        except CannotGoOn as error:
            raise NothingToShow(str(error)) from error
        if seen.result.samples:
            break
    if seen.result.failures:
        failure = seen.result.failures[0]
        raise NothingToShow(f"{origin} fails in the layer {failure.layer!r}: {failure.message}")
    settings = [layer["settings"] for layer in json.loads(plan.text)]
    try:
        source = render.decode(storage.read_bytes(item.image))
    except render.BadPicture as error:
        raise NothingToShow(f"{origin} cannot be drawn: {error}") from None
    readers = plan.consumers
    rows = []
    for layer in plan.layers:
        for port, name in enumerate(dict.fromkeys(layer.dst)):
            lost = name not in readers and not isinstance(layer.action, Sink)
            made = seen.samples.get((layer.id, name), [])
            rows.append(_row(layer, port, name, settings[layer.number - 1], made, source, columns, lost))
    title = f"{plan.file.rsplit('/', 1)[-1]} at work on {origin}"
    saved = len(seen.result.samples)
    subtitle = f"seed {seed}; {saved} sample{'s' * (saved != 1)} in the end"
    return table(title, subtitle, rows, BOX, columns), origin


def _watch(
    plan: Plan, listing: Listing, origin: Origin, item: Item, projects: Mapping[str, Project], seed: int
) -> _Seen:
    samples: dict[tuple[str, str], list[Sample]] = {}

    def watch(layer: Layer, name: str, sample: Sample) -> None:
        samples.setdefault((layer.id, name), []).append(sample)

    one = _OneOf(((origin, item),), all_origins=tuple(listing.origins))
    return _Seen(in_memory.run(plan, one, projects, seed, watch), samples)


def _row(
    layer: Layer,
    port: int,
    name: str,
    settings: object,
    made: list[Sample],
    source: np.ndarray,
    columns: int,
    lost: bool,
) -> Row:
    answer = f" ({('true', 'false')[port]})" if isinstance(layer.action, Router) and len(set(layer.dst)) > 1 else ""
    places = np.unique(np.linspace(0, len(made) - 1, columns).round().astype(int)) if made else np.empty(0, int)
    shown = [made[place] for place in places.tolist()]
    count = f"{len(made)} in all" + (f", {len(shown)} shown" if len(shown) < len(made) else "")
    told = [] if port else [line.translate(_PLAINLY) for line in summary_lines(layer.action.word, settings, 34)]
    lines = (count if made else "none", *(["discarded: no layer reads it"] if lost else told))
    colors = class_colors(layer.meta)
    tiles = {}
    for number, pixels in render.evaluate_all([sample.image for sample in shown], source):
        figures = shown[number].figures
        height, width = shown[number].image.size
        picture = overlay(pixels, figures, colors, fitted_size((height, width), BOX))
        tags = "".join(f", {tag.name}" for tag in shown[number].tags)
        objects = f"{len(figures)} figure{'s' * (len(figures) != 1)}{tags}"
        tiles[number] = Tile(picture, f"{width} x {height}", objects)
    return Row(f"{layer.action.word} {name}{answer}", lines, tuple(tiles[number] for number in sorted(tiles)), lost)
