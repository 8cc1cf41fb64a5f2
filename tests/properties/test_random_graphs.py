"""What holds for any graph over any actions: both executions agree, names are unique, figures stay on their pixels."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

import apache_beam as beam
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.actions import CATALOGUE
from pipelines.execute import in_memory, on_beam
from pipelines.execute.finish import describe, start
from pipelines.execute.in_memory import Result
from pipelines.execute.options import read_options
from pipelines.execute.reading import Listing, list_images
from pipelines.execute.run import target_of
from pipelines.execute.writer import Target, write_shard
from pipelines.figures import Bitmap
from pipelines.formats import wire
from pipelines.formats.shards import ShardedDataset, open_dataset
from pipelines.formats.supervisely import annotation_json
from pipelines.graph.plan import Layer, Plan
from pipelines.graph.reachability import dead_branches
from pipelines.image import Pixels
from pipelines.sample import Sample
from pipelines.sources import Project
from tests.properties.effort import examples
from tests.properties.strategies import GEOMETRIC, LAYERS, OBJECT, SIZE, STEP_X, STEP_Y, graphs, own_coordinates
from tests.support import assert_same, chain, compiled, drawn, pixels_of

Projects = Mapping[str, Project]

SHARDS = 3
SURPRISE = re.compile(r"^[A-Z]\w*(Error|Exception|Warning|Exit)?: |pydantic|Traceback|object has no attribute")
"""How a failure reads that nobody foresaw."""

seeds = st.integers(0, 3)


def fingerprint(sample: Sample) -> tuple[Any, ...]:
    """A sample's content, its masks' pixels read afresh."""
    masks = [figure.shape.pixels.tobytes() for figure in sample.figures if isinstance(figure.shape, Bitmap)]
    return wire.pack(sample), tuple(masks), sample.tags, json.dumps(dict(sample.extra), default=str)


@dataclass
class Watched:
    """A run with everything that passed through it."""

    plan: Plan
    result: Result = field(default_factory=Result)
    seen: list[tuple[Layer, str, Sample]] = field(default_factory=list)
    at_first: list[tuple[Any, ...]] = field(default_factory=list)

    def watch(self, layer: Layer, name: str, sample: Sample) -> None:
        self.seen.append((layer, name, sample))
        self.at_first.append(fingerprint(sample))


def watched(graph: Sequence[dict[str, Any]], project: Projects, seed: int) -> Watched:
    plan = compiled(list(graph), project)
    run = Watched(plan)
    run.result = in_memory.run(plan, list_images(plan, project), project, seed, run.watch)
    return run


# ---------------------------------------------------------------- any graph


@examples(30)
@given(graph=graphs(), seed=seeds)
def test_nothing_surprising_happens(project, graph, seed):
    run = watched(graph, project, seed)
    for failure in run.result.failures:
        assert not SURPRISE.search(failure.message), failure
        assert not failure.traceback, failure.traceback


@examples(20)
@given(graph=graphs(), seed=seeds)
def test_keys_and_output_names_are_unique(project, graph, seed):
    run = watched(graph, project, seed)
    keys = [sample.key for _, _, sample in run.seen]
    assert len(set(keys)) == len(keys)
    target = target_of(run.plan, "memory://out", SHARDS)
    names = [(sample.dataset, target.file_name(sample)) for sample in run.result.samples]
    assert len(set(names)) == len(names)
    assert len({(dataset, name.casefold()) for dataset, name in names}) == len(names)


@examples(20)
@given(graph=graphs(), seed=seeds)
def test_no_layer_modifies_what_it_reads(project, graph, seed):
    run = watched(graph, project, seed)
    for (layer, name, sample), before in zip(run.seen, run.at_first, strict=True):
        assert fingerprint(sample) == before, f"{name} of {layer.id} was changed after it was made"


@examples(20)
@given(graph=graphs(), seed=seeds)
def test_every_sample_travels_between_workers(project, graph, seed):
    for _, _, sample in watched(graph, project, seed).seen:
        assert_same(wire.unpack(wire.pack(sample)), sample)


@examples(20)
@given(graph=graphs(), seed=seeds)
def test_everything_was_announced_and_counted(project, graph, seed):
    run = watched(graph, project, seed)
    for layer, _, sample in run.seen:
        for figure in sample.figures:
            assert layer.meta.shape_of(figure.title) == figure.shape.kind, layer.id
        assert {tag.name for tag in sample.tags} <= {tag.name for tag in layer.meta.tags}
    assert sum(count.failed for count in run.result.counts.values()) == len(run.result.failures)
    for layer in run.plan.layers:
        made = [name for seen, name, _ in run.seen if seen.id == layer.id]
        count = run.result.counts[layer.id]
        assert sum(count.out) == len(made)
        for port, name in enumerate(layer.dst):
            assert count.out[port] == made.count(name)


@examples(40)
@given(graph=graphs(), seed=seeds)
def test_a_branch_that_is_called_dead_is_dead(project, graph, seed):
    run = watched(graph, project, seed)
    dead = {branch.name for branch in dead_branches(run.plan.layers, with_classes=True)}
    assert not dead & {name for _, name, _ in run.seen}


def assert_sound(sample: Sample, inside: bool) -> None:
    """Areas are those of the drawn pixels, boxes are tight, and lie inside the image where that is promised."""
    height, width = sample.image.size
    for figure in sample.figures:
        shape = figure.shape
        left, top, right, bottom = shape.bounds
        assert left <= right
        assert top <= bottom
        assert shape.area >= 0
        if inside:
            assert 0 <= left <= right <= width, shape.bounds
            assert 0 <= top <= bottom <= height, shape.bounds
        if isinstance(shape, Bitmap):
            pixels = shape.pixels
            assert shape.area == pixels.sum() > 0
            assert all(border.any() for border in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))
            assert (right - left, bottom - top) == (pixels.shape[1], pixels.shape[0])
            if inside:
                assert drawn(shape, sample.image.size).sum() == shape.area
                ys, xs = np.nonzero(drawn(shape, sample.image.size))
                assert (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) == shape.bounds


@examples(30)
@given(graph=graphs(), seed=seeds)
def test_areas_and_boxes_are_consistent(project, graph, seed):
    run = watched(graph, project, seed)
    for layer, _, sample in run.seen:
        assert_sound(sample, inside=layer is run.plan.sink)


@examples(20)
@given(graph=graphs(GEOMETRIC), seed=seeds)
def test_a_crop_leaves_nothing_outside(project, graph, seed):
    run = watched(graph, project, seed)
    for layer, _, sample in run.seen:
        if layer.action.word in ("crop", "sliding_window", "instances_crop"):
            assert_sound(sample, inside=True)


# ---------------------------------------------------------------- figures stay on their pixels


def seen_object(picture: Pixels) -> tuple[np.ndarray, np.ndarray]:
    """Of a picture made of `own_coordinates`: where OBJECT is for sure, and where it is not for sure, by what it shows.

    Between them lie its border, as wide as picture and mask may be blurred, and what is no part of the source.
    """
    x, y = picture[:, :, 0] / STEP_X, picture[:, :, 1] / STEP_Y
    whole = cv2.erode((picture[:, :, 2] > 250).astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) > 0
    steps = [abs(np.diff(value, axis=axis))[whole_pairs(whole, axis)] for value in (x, y) for axis in (0, 1)]
    step = max((float(np.quantile(found, 0.9)) for found in steps if found.size), default=1.0)
    reach = 1 + ceil(1.5 * max(step, 1))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    mask = drawn(OBJECT, SIZE).astype(np.uint8)
    at = np.clip(np.rint(y).astype(int), 0, SIZE[0] - 1), np.clip(np.rint(x).astype(int), 0, SIZE[1] - 1)
    return (cv2.erode(mask, disc)[at] > 0) & whole, (cv2.dilate(mask, disc)[at] == 0) & whole


def whole_pairs(whole: np.ndarray, axis: int) -> np.ndarray:
    return whole[1:] & whole[:-1] if axis == 0 else whole[:, 1:] & whole[:, :-1]


def agrees(mask: np.ndarray, picture: Pixels) -> bool:
    """Whether a mask covers the object that the picture shows, and nothing else."""
    inside, outside = seen_object(picture)
    wrong = (inside & ~mask).sum() + (outside & mask).sum()
    return bool(wrong <= 0.01 * (inside | outside).sum())


@examples(80)
@given(graph=graphs(GEOMETRIC, most=4, whole=True), seed=seeds)
def test_figures_stay_on_their_pixels(project, graph, seed):
    for sample in watched(graph, project, seed).result.samples:
        mask = np.zeros(sample.image.size, bool)
        own = [figure.shape for figure in sample.figures if figure.title == "bitmap"]
        for shape in own:
            shape.draw(mask, 1)
        if own:
            assert agrees(mask, pixels_of(sample, own_coordinates()))


def test_a_figure_that_left_its_pixels_would_be_seen():
    mask, picture = drawn(OBJECT, SIZE), own_coordinates()
    assert agrees(mask, picture)
    for wrong in (mask[:, ::-1], mask[::-1], mask[::-1, ::-1], np.roll(mask, 6, axis=1), np.roll(mask, 6, axis=0)):
        assert not agrees(wrong, picture)
        assert not agrees(wrong[:, 10:30], picture[:, 10:30])


# ---------------------------------------------------------------- any order, any execution


def shards_of(plan: Plan, listing: Listing, project: Projects, seed: int, samples_order: Any) -> list[tuple[str, int]]:
    """The digests and sizes of all shards of an execution in memory."""
    samples = in_memory.run(plan, listing, project, seed).samples
    samples = [samples[place] for place in samples_order(len(samples))]
    with tempfile.TemporaryDirectory() as folder:
        target: Target = target_of(plan, f"{folder}/out", SHARDS)
        found = []
        for number in range(SHARDS):
            mine = [sample for sample in samples if target.shard_of(sample.origin) == number]
            shard, failures = write_shard(target, number, mine)
            assert not failures
            found.append((shard.sha256, shard.samples))
    return found


@examples(12)
@given(graph=graphs(), seed=seeds, shuffle=st.randoms(use_true_random=False))
def test_the_order_of_images_and_samples_does_not_matter(project, graph, seed, shuffle):
    plan = compiled(graph, project)
    listing = list_images(plan, project)
    entries = list(listing.entries)
    shuffle.shuffle(entries)
    expected = shards_of(plan, listing, project, seed, range)
    assert sum(samples for _, samples in expected) == len(in_memory.run(plan, listing, project, seed).samples)

    def shuffled(count: int) -> list[int]:
        return shuffle.sample(range(count), count)

    assert shards_of(plan, Listing(tuple(entries)), project, seed, shuffled) == expected


def on_beam_run(
    plan: Plan, listing: Listing, project: Projects, seed: int, folder: str, options: Sequence[str] = ()
) -> ShardedDataset:
    """A run on Beam of the given listing, in the order it has."""
    target = target_of(plan, f"{folder}/out", SHARDS)
    dataset = describe(plan, listing, project, seed, target)
    start(dataset)
    pipeline = beam.Pipeline(options=read_options(list(options), ()))
    on_beam.build(pipeline, plan, listing, project, dataset, seed)
    pipeline.run().wait_until_finish()
    return open_dataset(target.folder)


def rows_of(dataset: ShardedDataset) -> Iterator[tuple[dict[str, Any], Any]]:
    for number, row in enumerate(dataset.index.to_pylist()):
        yield row, json.loads(dataset.read(number).annotation_bytes)


@examples(8, 60)
@given(graph=graphs(most=5), seed=seeds)
def test_beam_does_what_the_plain_execution_says(project, graph, seed):
    plan = compiled(graph, project)
    listing = list_images(plan, project)
    expected = in_memory.run(plan, listing, project, seed)
    with tempfile.TemporaryDirectory() as folder:
        dataset = on_beam_run(plan, listing, project, seed, folder)
        found = {row["key"]: (row, annotation) for row, annotation in rows_of(dataset)}
        errors = [json.loads(line) for line in (Path(folder) / "out" / "errors.jsonl").read_text().splitlines()]
        shards = [(shard["sha256"], shard["samples"]) for shard in dataset.manifest["shards"]]
        funnel = dataset.manifest["funnel"]
    assert set(found) == {sample.key.hex() for sample in expected.samples}
    for sample in expected.samples:
        row, annotation = found[sample.key.hex()]
        written = annotation_json(sample.image.size, sample.figures, sample.tags, sample.description, sample.extra)
        assert annotation == json.loads(json.dumps(written))
        assert row["classes"] == [figure.title for figure in sample.figures]
        assert row["areas"] == [figure.shape.area for figure in sample.figures]
        assert row["tags"] == [tag.name for tag in sample.tags]
        assert (row["dataset"], row["source"]) == (sample.dataset, str(sample.origin))
        assert json.loads(row["recipe"]) == json.loads(json.dumps([op.record() for op in sample.image.ops]))
    counted = {row["layer"]: (row["in"], sum(row["out"].values()), row["dropped"], row["failed"]) for row in funnel}
    assert counted == {
        name: (count.taken, sum(count.out), count.dropped, count.failed) for name, count in expected.counts.items()
    }
    assert sorted(map(str, errors)) == sorted(str(failure.record()) for failure in expected.failures)
    assert shards == shards_of(plan, listing, project, seed, range)


@examples(1, 10)
@given(graph=graphs(most=4), seed=seeds)
def test_two_workers_write_the_bytes_of_one(project, graph, seed):
    plan = compiled(graph, project)
    listing = list_images(plan, project)
    backwards = Listing(tuple(reversed(listing.entries)))
    options = ["--direct_num_workers=2", "--direct_running_mode=multi_threading"]
    with tempfile.TemporaryDirectory() as folder:
        dataset = on_beam_run(plan, backwards, project, seed, folder, options)
        shards = [(shard["sha256"], shard["samples"]) for shard in dataset.manifest["shards"]]
    assert shards == shards_of(plan, listing, project, seed, range)


# ---------------------------------------------------------------- the strategy itself


def test_random_graphs_reach_every_action():
    seen: set[str] = set()

    @examples(250)
    @given(graph=graphs())
    def collect(graph):
        seen.update(layer["action"] for layer in graph)

    collect()
    assert len(seen & set(LAYERS)) > 0.8 * len(LAYERS), sorted(set(LAYERS) - seen)
    assert seen <= set(CATALOGUE)


@pytest.mark.parametrize("word", LAYERS)
def test_every_action_can_stand_in_a_random_graph(project, word):
    """One layer after another in a chain of a random graph with this action must be found."""
    found: list[Any] = []

    @examples(8)
    @given(graph=graphs([word], most=1, whole=True), seed=seeds)
    def search(graph, seed):
        if graph[1]["action"] == word:
            found.append(watched(graph, project, seed).result)

    search()
    assert found, f"no settings of {word} suit the project"
    assert any(count.taken for result in found for count in result.counts.values())


def test_a_plain_chain_is_among_them(project):
    assert len(watched(chain(("flip", {"axis": "vertical"})), project, 0).result.samples) == 3
