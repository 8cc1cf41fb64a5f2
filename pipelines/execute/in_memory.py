"""What a graph means, in plain Python: every image is pushed through all layers, depth first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipelines.actions import Sink
from pipelines.execute.failures import Failure, with_first_tracebacks
from pipelines.execute.reading import Listing, Reader
from pipelines.execute.step import Count, Step
from pipelines.graph.plan import Layer, Plan
from pipelines.sample import Sample
from pipelines.sources import Project

Watcher = Callable[[Layer, str, Sample], None]
"""Is told of every result: the layer, the connection it goes to, and the sample."""


@dataclass
class Result:
    """What a run gave: the saved samples in the order of saving, what each layer counted, and what failed."""

    samples: list[Sample] = field(default_factory=list)
    counts: dict[str, Count] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


def run(
    plan: Plan, listing: Listing, projects: Mapping[str, Project], seed: int, watch: Watcher | None = None
) -> Result:
    """Run a plan on listed images. The order is that of the original engine: each sample a layer makes goes through all that
    follows before the next one is made, and the readers of a connection take it in the order of the file."""
    result = Result(counts={layer.id: Count() for layer in plan.layers})
    execution = _Execution(plan.bind(listing.origins), seed, result, watch)
    read = Reader(projects)
    for origin, item in listing.entries:
        for layer in plan.sources:
            if not (layer.selection and layer.selection.takes(origin)):
                continue
            try:
                sample = read(origin, item, result.counts[layer.id].leave_out)
            except Exception as error:
                result.counts[layer.id].fail()
                result.failures.append(Failure.of(origin, layer.id, error))
            else:
                execution.push(layer.id, sample)
    result.failures = with_first_tracebacks(result.failures)
    return result


class _Execution:
    def __init__(self, plan: Plan, seed: int, result: Result, watch: Watcher | None) -> None:
        self._steps = {layer.id: Step(layer, seed) for layer in plan.layers}
        self._readers = plan.consumers
        self._result = result
        self._watch = watch

    def push(self, layer_id: str, sample: Sample) -> None:
        """Give a sample to a layer and its results to everything that follows."""
        step = self._steps[layer_id]
        layer = step.layer
        try:
            results = step(sample)
        except Exception as error:
            self._result.counts[layer_id].fail()
            self._result.failures.append(Failure.of(sample.origin, layer_id, error))
            return
        self._result.counts[layer_id].add(results)
        for port, made in results:
            if self._watch:
                self._watch(layer, layer.dst[port], made)
            if isinstance(layer.action, Sink):
                self._result.samples.append(made)
            else:
                for reader in self._readers.get(layer.dst[port], ()):
                    self.push(reader.id, made)
