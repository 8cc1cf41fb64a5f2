"""One layer at work: its action with its random numbers, the keys of its results, and what it counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pipelines.actions import Router
from pipelines.graph.plan import Layer
from pipelines.sample import Randomness, Sample


class Step:
    """A layer's action on one worker. Both executions go through here, so they cannot differ in keys or random numbers."""

    def __init__(self, layer: Layer, seed: int) -> None:
        self.layer = layer
        self._randomness = Randomness(seed, layer.id) if layer.action.random else None
        self._router = layer.action if isinstance(layer.action, Router) else None

    def __call__(self, sample: Sample) -> list[tuple[int, Sample]]:
        """The results for one sample: for each the output it goes to, and the sample under the key of its path."""
        layer_id = self.layer.id
        rng = self._randomness.for_key(self._drawing_key(sample)) if self._randomness else None
        if self._router:
            port = self._router.route(sample, rng)
            return [(port, sample.child(layer_id, port))]
        results = self.layer.action.apply(sample, rng)
        return [(0, result.child(layer_id, ordinal)) for ordinal, result in enumerate(results)]

    def _drawing_key(self, sample: Sample) -> bytes:
        return sample.origin.key() if self.layer.action.draws_per_image else sample.key


@dataclass
class Count:
    """What a layer took and made: `dropped` samples gave no result, `failed` ones an error; `out` is by output.

    `left_out` are objects of images that were read without them, by what kind of object they are.
    """

    taken: int = 0
    out: list[int] = field(default_factory=lambda: [0, 0])
    dropped: int = 0
    failed: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, kind: str) -> None:
        """One more object that is not in its image's sample."""
        self.left_out[kind] = self.left_out.get(kind, 0) + 1

    def add(self, results: Iterable[tuple[int, Any]]) -> None:
        """One more sample, with its results."""
        self.taken += 1
        made = 0
        for port, _ in results:
            self.out[port] += 1
            made += 1
        self.dropped += not made

    def fail(self) -> None:
        """One more sample, which gave an error."""
        self.taken += 1
        self.failed += 1

    def merge(self, other: Count) -> None:
        self.taken += other.taken
        self.dropped += other.dropped
        self.failed += other.failed
        self.out = [mine + theirs for mine, theirs in zip(self.out, other.out, strict=True)]
        for kind, count in other.left_out.items():
            self.left_out[kind] = self.left_out.get(kind, 0) + count
