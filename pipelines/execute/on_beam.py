"""A plan as a Beam pipeline: one PTransform a layer, named after it. This file wires; the work is written elsewhere."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple
from typing import Any, NamedTuple

import apache_beam as beam
import cv2
from apache_beam.coders.coders import Coder
from apache_beam.coders.typecoders import registry
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import AsList, PCollection, TaggedOutput
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from pipelines.actions import Router, Sink, Source
from pipelines.execute import local_memory
from pipelines.execute.failures import Failure, not_an_items_fault, with_first_tracebacks
from pipelines.execute.finish import Dataset, finish
from pipelines.execute.ownership import require
from pipelines.execute.progress import KEPT, READ, WRITTEN, Ticks
from pipelines.execute.reading import Listing, Reader
from pipelines.execute.step import Count, Step
from pipelines.execute.writer import Shard, Target, write_shard
from pipelines.formats import wire
from pipelines.graph.plan import Layer, Plan
from pipelines.origin import Origin, Selection
from pipelines.sample import Sample
from pipelines.sources import Item, Project

REPORT, HOLDS, FAILS = "report", "0", "1"

Report = tuple[str, tuple[int, list[int], int, int, dict[str, int]], list[tuple[str, ...]]]
"""What a layer tells at the end of a bundle: its id, its counts, its failures, all as plain values."""

_BLOCK = 256


class SampleCoder(Coder):
    """Samples between workers, in the compact form of `formats.wire`."""

    def encode(self, value: Sample) -> bytes:
        return wire.pack(value)

    def decode(self, encoded: bytes) -> Sample:
        return wire.unpack(encoded)

    def is_deterministic(self) -> bool:
        return True

    def estimate_size(self, value: Sample) -> int:
        """A typical size: Beam asks for its statistics only, and would otherwise encode samples just to measure them."""
        return 1000


registry.register_coder(Sample, SampleCoder)


def build(
    pipeline: beam.Pipeline,
    plan: Plan,
    listing: Listing,
    projects: Mapping[str, Project],
    dataset: Dataset,
    seed: int,
    progress_folder: str | None = None,
) -> None:
    """Add everything a run does to a Beam pipeline: after it has run, the dataset is finished."""
    ticks = Ticks(progress_folder)
    bound = plan.bind(listing.origins)
    connections: dict[str, PCollection] = {}
    reports: list[PCollection] = []
    written: list[PCollection] = []
    for layer in bound.layers:
        if isinstance(layer.action, Source):
            read = pipeline | f"{layer.id} images" >> ReadImages(layer, listing, projects, ticks)
            reports.extend(read.reports)
            (arriving,) = read.outputs
        else:
            arriving = _merged(layer, [connections[name] for name in layer.src])
        if isinstance(layer.action, Sink):
            done = arriving | layer.id >> Save(layer, dataset.target, seed, ticks)
            written.extend(done.outputs)
        else:
            done = arriving | layer.id >> RunLayer(layer, seed)
            connections.update(zip(layer.dst, done.outputs, strict=True))
        reports.extend(done.reports)
    told = tuple(reports) | "gather reports" >> beam.Flatten() | "merge reports" >> beam.CombinePerKey(_merge_reports)
    (
        pipeline
        | "when all is written" >> beam.Create([None])
        | "finish" >> beam.ParDo(_Finish(dataset), AsList(written[0]), AsList(told))
    )


def _merged(layer: Layer, streams: Sequence[PCollection]) -> PCollection:
    if len(streams) == 1:
        return streams[0]
    return tuple(streams) | f"{layer.id} inputs" >> beam.Flatten()


class Done(NamedTuple):
    """What a step gives: a stream for each of its outputs, and the reports of what it did."""

    outputs: tuple[PCollection, ...]
    reports: tuple[PCollection, ...]


class ReadImages(beam.PTransform):
    """The images that a `data` layer takes, parsed: listed on the launcher, spread over the workers, read there."""

    def __init__(self, layer: Layer, listing: Listing, projects: Mapping[str, Project], ticks: Ticks) -> None:
        super().__init__()
        self._layer, self._projects, self._ticks = layer, dict(projects), ticks
        self._blocks = list(_pack_listing(listing, layer.selection))

    def expand(self, pipeline: beam.Pipeline) -> Done:
        parsed = (
            pipeline
            | "list" >> beam.Create(self._blocks, reshuffle=False)
            | "unpack list" >> beam.FlatMap(_unpack_listing)
            | "spread" >> beam.Reshuffle()
            | "parse"
            >> beam.ParDo(_Parse(self._layer, self._projects, self._ticks)).with_outputs(REPORT, main="samples")
        )
        return Done((_typed(parsed.samples),), (parsed[REPORT],))


class RunLayer(beam.PTransform):
    """A layer's action on a stream of samples; gives a stream for each of its outputs."""

    def __init__(self, layer: Layer, seed: int) -> None:
        super().__init__()
        self._layer, self._seed = layer, seed

    def expand(self, samples: PCollection) -> Done:
        if isinstance(self._layer.action, Router):
            parts = samples | "partition" >> Partition(self._layer, self._seed)
            return Done((_typed(parts[HOLDS]), _typed(parts[FAILS])), (parts[REPORT],))
        results = samples | "apply" >> beam.ParDo(_Apply(self._layer, self._seed)).with_outputs(REPORT, main="results")
        return Done((_typed(results.results),), (results[REPORT],))


class Partition(beam.PTransform):
    """`beam.Partition` into the two outputs of an `if`; the same step counts each sample and gives it its path's key."""

    def __init__(self, layer: Layer, seed: int) -> None:
        super().__init__()
        self._route = _Route(layer, seed)

    def expand(self, samples: PCollection) -> beam.pvalue.DoOutputsTuple:
        return samples | beam.ParDo(self._route).with_outputs(REPORT, HOLDS, FAILS)


class Save(beam.PTransform):
    """Samples become shards: grouped by shard, rendered and written shard by shard."""

    def __init__(self, layer: Layer, target: Target, seed: int, ticks: Ticks) -> None:
        super().__init__()
        self._layer, self._target, self._seed, self._ticks = layer, target, seed, ticks

    def expand(self, samples: PCollection) -> Done:
        final = samples | "apply" >> beam.ParDo(_Apply(self._layer, self._seed, self._ticks)).with_outputs(
            REPORT, main="results"
        )
        written = (
            _typed(final.results)
            | "key by shard" >> beam.ParDo(_KeyByShard(self._target)).with_output_types(tuple[int, Sample])
            | "group by shard" >> beam.GroupByKey()
            | "render and write"
            >> beam.ParDo(_WriteShard(self._target, self._ticks)).with_outputs(REPORT, main="shards")
        )
        return Done((written.shards,), (final[REPORT], written[REPORT]))


def _typed(samples: PCollection) -> PCollection:
    """Tagged and partitioned outputs forget their type, and with it the coder: Beam would pickle the samples."""
    samples.element_type = Sample
    return samples


class _Reporting(beam.DoFn):
    """A step that counts and reports as data: whatever a runner retries, each bundle is counted once."""

    def __init__(self, layer_id: str, ticks: Ticks) -> None:
        self._layer_id, self._ticks = layer_id, ticks
        self._count = Count()
        self._failures: list[Failure] = []

    def setup(self) -> None:
        # One sample is small work; threads inside OpenCV would only compete with the other workers.
        cv2.setNumThreads(1)
        if self._ticks.on_this_machine:
            local_memory.keep_small()

    def start_bundle(self) -> None:
        self._count, self._failures = Count(), []

    def fail(self, origin: Origin, error: BaseException) -> None:
        self._count.fail()
        self.note(Failure.of(origin, self._layer_id, error))

    def note(self, failure: Failure) -> None:
        self._failures.append(failure)

    def finish_bundle(self) -> Iterator[TaggedOutput]:
        count = self._count
        for name, amount in (
            ("in", count.taken),
            ("out", sum(count.out)),
            ("dropped", count.dropped),
            ("failed", count.failed),
        ):
            Metrics.counter(self._layer_id, name).inc(amount)
        if count.taken or count.left_out or self._failures:
            failures = [astuple(failure) for failure in with_first_tracebacks(self._failures)]
            report = self._layer_id, (_values_of(count), failures)
            yield TaggedOutput(REPORT, WindowedValue(report, GlobalWindow().max_timestamp(), (GlobalWindow(),)))


class _Parse(_Reporting):
    """Listed images to samples. Images that cannot be read count as failed in the `data` layer itself."""

    def __init__(self, layer: Layer, projects: dict[str, Project], ticks: Ticks) -> None:
        super().__init__(layer.id, ticks)
        self._read = Reader(projects)

    def process(self, entry: tuple[Any, ...]) -> Iterator[Sample]:
        origin, item = Origin(*entry[:4]), Item(entry[4], entry[5], tuple(entry[6]))
        self._ticks.add(READ)
        try:
            yield self._read(origin, item, self._count.leave_out)
        except Exception as error:
            self.fail(origin, error)


class _Apply(_Reporting):
    """A layer with one output."""

    def __init__(self, layer: Layer, seed: int, ticks: Ticks | None = None) -> None:
        super().__init__(layer.id, ticks or Ticks(None))
        self._layer, self._seed = layer, seed

    def setup(self) -> None:
        super().setup()
        self._step = Step(self._layer, self._seed)

    def process(self, sample: Sample) -> Iterable[Any]:
        try:
            results = self._step(sample)
        except Exception as error:
            self.fail(sample.origin, error)
            return ()
        self._count.add(results)
        self._ticks.add(KEPT)
        return self._outputs(results)

    def _outputs(self, results: list[tuple[int, Sample]]) -> Iterable[Any]:
        return [sample for _, sample in results]


class _Route(_Apply):
    """A layer with two outputs."""

    def _outputs(self, results: list[tuple[int, Sample]]) -> Iterable[Any]:
        return [TaggedOutput(str(port), sample) for port, sample in results]


class _KeyByShard(beam.DoFn):
    def __init__(self, target: Target) -> None:
        self._target = target

    def process(self, sample: Sample) -> Iterator[tuple[int, Sample]]:
        yield self._target.shard_of(sample.origin), sample


class _WriteShard(_Reporting):
    def __init__(self, target: Target, ticks: Ticks) -> None:
        super().__init__(target.layer, ticks)
        self._target = target

    def process(self, group: tuple[int, Iterable[Sample]]) -> Iterator[tuple[Any, ...]]:
        number, samples = group
        waiting = list(samples)
        with not_an_items_fault(f"writing shard {number} of {self._target.folder}"):
            require(self._target.place)
            shard, failures = write_shard(self._target, number, waiting, lambda: self._ticks.add(WRITTEN))
        for failure in failures:
            self.note(failure)
        # The layer counted them as results when it passed them on to be written.
        lost = len(waiting) - shard.samples
        self._count.out[0] -= lost
        self._count.failed += lost
        yield astuple(shard)


class _Finish(beam.DoFn):
    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def process(self, _: None, shards: list[tuple[Any, ...]], told: list[tuple[str, Any]]) -> None:
        counts = {layer: _count_of(values) for layer, (values, _) in told}
        failures = [Failure(*values) for _, (_, found) in told for values in found]
        with not_an_items_fault(f"finishing {self._dataset.target.folder}"):
            finish(self._dataset, [Shard(*values) for values in shards], counts, failures)


def _values_of(count: Count) -> tuple[int, list[int], int, int, dict[str, int]]:
    return count.taken, count.out, count.dropped, count.failed, count.left_out


def _count_of(values: tuple[int, list[int], int, int, dict[str, int]]) -> Count:
    taken, out, dropped, failed, left_out = values
    return Count(taken, list(out), dropped, failed, dict(left_out))


def _merge_reports(reports: Iterable[Any]) -> Any:
    total, failures = Count(), []
    for values, found in reports:
        total.merge(_count_of(values))
        failures.extend(found)
    return _values_of(total), failures


def _pack_listing(listing: Listing, selection: Selection | None) -> Iterator[bytes]:
    """The images a layer takes, in compressed blocks: a list of a million names must fit into the job's description."""
    entries = [
        (origin.project, origin.dataset, origin.file, origin.name_is_free, item.file, item.image, item.labels)
        for origin, item in listing.entries
        if selection and selection.takes(origin)
    ]
    for start in range(0, len(entries), _BLOCK):
        yield zlib.compress(json.dumps(entries[start : start + _BLOCK]).encode())


def _unpack_listing(block: bytes) -> Iterator[tuple[Any, ...]]:
    for entry in json.loads(zlib.decompress(block)):
        yield tuple(entry)
