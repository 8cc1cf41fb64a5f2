"""One layer at work: its action with its random numbers, the keys of its results, and what it counted."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from dis import opmap
from pathlib import PurePath
from traceback import extract_tb
from typing import Any

from pipelines.actions import Router
from pipelines.graph.plan import Layer
from pipelines.origin import Origin
from pipelines.sample import Randomness, Sample

_RAISE = opmap["RAISE_VARARGS"]


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
    """What a layer took and made: `dropped` samples gave no result, `failed` ones an error; `out` is by output."""

    taken: int = 0
    out: list[int] = field(default_factory=lambda: [0, 0])
    dropped: int = 0
    failed: int = 0

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


@dataclass(frozen=True, slots=True)
class Failure:
    """One item that could not be used, as a line of `errors.jsonl`."""

    project: str
    dataset: str
    image: str
    layer: str
    message: str
    traceback: str = ""
    """Where in the program the error arose, unless it is a refusal in words."""

    @staticmethod
    def of(origin: Origin, layer: str, error: BaseException) -> Failure:
        text = " ".join(str(error).split()) or "no message"
        message = text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"
        traceback = "" if _is_refusal(error) else _traceback(error)
        return Failure(origin.project, origin.dataset, origin.file, layer, message, traceback)

    @property
    def kind(self) -> tuple[str, str]:
        """Failures of one kind arose in the same layer at the same place of the program."""
        return self.layer, self.traceback

    @property
    def line(self) -> str:
        """Its line without the traceback, by which lines are in order."""
        return json.dumps(replace(self, traceback="").record(), ensure_ascii=False)

    def record(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value or name != "traceback"}


def with_first_tracebacks(failures: Sequence[Failure]) -> list[Failure]:
    """The failures in their order, of which only the first line of each kind keeps its traceback.

    That is the same one whether this is done with all failures, or before with parts of them: bundles carry few tracebacks.
    """
    first: dict[tuple[str, str], Failure] = {}
    for failure in failures:
        if failure.traceback and (failure.kind not in first or failure.line < first[failure.kind].line):
            first[failure.kind] = failure
    return [
        failure if not failure.traceback or first[failure.kind] is failure else replace(failure, traceback="")
        for failure in failures
    ]


def _is_refusal(error: BaseException) -> bool:
    """Whether this package refused an item in words: it raised a `ValueError` itself.

    One that comes out of a library, such as NumPy's about shapes, is a mistake in the program. In compiled libraries it ends at
    our own line too, which only the instruction tells from a `raise`.
    """
    if not isinstance(error, ValueError):
        return False
    place = error.__traceback__
    if place is None:
        return True
    while place.tb_next:
        place = place.tb_next
    frame = place.tb_frame
    raised = frame.f_code.co_code[place.tb_lasti] == _RAISE
    return raised and str(frame.f_globals.get("__name__")).startswith("pipelines.")


def _traceback(error: BaseException) -> str:
    """As Python shows it, from the layer's own work on; without the message and the folders of this machine, so that it is the
    same for all of its kind, wherever they arose."""
    place = error.__traceback__
    while place and place.tb_next and str(place.tb_frame.f_globals.get("__name__")).startswith("pipelines.execute."):
        place = place.tb_next
    lines = (
        f'  File "{_as_imported(frame.filename)}", line {frame.lineno}, in {frame.name}\n    {frame.line}\n'
        for frame in extract_tb(place)
    )
    return "".join(["Traceback (most recent call last):\n", *lines, type(error).__name__])


def _as_imported(file: str) -> str:
    """A source file below the folder that it is imported from."""
    path = PurePath(file)
    below = [path.relative_to(folder) for folder in sys.path if folder and path.is_relative_to(folder)]
    return min(map(PurePath.as_posix, below), key=len, default=file)
