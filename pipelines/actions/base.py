"""What an action is: a frozen value whose fields are its settings, with one verb, knowing nothing of how it is executed."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal, Self, TypeVar

import numpy as np
from pydantic import ConfigDict, TypeAdapter

from pipelines.actions.outcomes import Arriving, Outcome
from pipelines.image import Pixels
from pipelines.meta import Meta, nearest
from pipelines.origin import Origin
from pipelines.registry import require_free
from pipelines.sample import Sample, with_figures

CATALOGUE: dict[str, type[Action]] = {}
"""Every action by its word; filled by the `action` decorator when `pipelines.actions` is imported."""

ALIASES: dict[str, str] = {}
"""Other words for actions, as newer graphs use them: alias → word."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a layer's settings; `path` leads to the place below `settings`."""

    path: tuple[str | int, ...]
    message: str
    severity: Literal["error", "warning"] = "error"


@dataclass(slots=True)
class Notes:
    """Where `Action.map_meta` leaves its findings."""

    findings: list[Finding] = field(default_factory=list)

    def error(self, path: Sequence[str | int], message: str) -> None:
        self.findings.append(Finding(tuple(path), message))

    def warning(self, path: Sequence[str | int], message: str) -> None:
        self.findings.append(Finding(tuple(path), message, "warning"))

    def unknown_classes(self, path: Sequence[str | int], titles: Iterable[str], meta: Meta) -> None:
        """Warn of each title that no class arriving here has, and name those that do."""
        for title in titles:
            if title not in meta.titles:
                self.warning(path, f"no class {title!r} arrives here{nearest(title, meta.titles)}; {arriving(meta)}")


def arriving(meta: Meta, at_most: int = 12) -> str:
    """A sentence part that lists the classes of a meta."""
    if not meta.titles:
        return "no class does"
    shown = ", ".join(meta.titles[:at_most])
    rest = len(meta.titles) - at_most
    return f"the classes that do: {shown}" + (f" and {rest} more" if rest > 0 else "")


class Action(ABC):
    """One layer's work. Subclasses are frozen dataclasses: a field is a setting, its docstring says what it means.

    With `draws_per_image` all samples of one source image get the same random numbers; with `moves_datasets` a sample may
    change its dataset. `examples` are whole settings that work.
    """

    word: ClassVar[str]
    draws_per_image: ClassVar[bool] = False
    moves_datasets: ClassVar[bool] = False
    examples: ClassVar[tuple[Any, ...]] = ({},)
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)

    @classmethod
    def from_settings(cls, settings: Any) -> Self:
        """The action with settings as they stand in a graph. Raises pydantic's `ValidationError`."""
        # Strict reading of JSON text takes objects for dataclasses and lists for tuples, but no "5" for a 5.
        return _adapter(cls).validate_json(json.dumps(settings))

    def problems(self) -> Iterator[Finding]:
        """What is wrong with the settings although each value alone is of the right type."""
        return iter(())

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        """The classes and tags of the results, given those of the inputs."""
        return meta

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        """What comes out of each output for what arrives; of this a check concludes which parts of a graph no sample reaches.

        Here images keep their size, and classes and tags are those of `map_meta`. An action that changes sizes says so, and one
        that can give nothing at all says why. Too wide a claim costs a warning; too narrow a one makes warnings that are wrong.
        """
        return (arriving.mapped(lambda meta: self.map_meta(meta, Notes())),)

    def bind(self, origins: Sequence[Origin]) -> Action:
        """This action for a run over these images, for the few whose meaning depends on the others' names."""
        return self

    @property
    def random(self) -> bool:
        """Whether `apply` draws; only then does it get a generator.

        Where no setting decides, a subclass has `random: ClassVar[bool] = True`.
        """
        return False

    @property
    def fan_out(self) -> float:
        """The largest number of results for one sample."""
        return 1

    @abstractmethod
    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """The results for one sample, whose key they keep: the executor gives each the key of its path.

        The sample is not changed. `rng` depends on the run's seed, the layer and the sample alone.
        """


class Router(Action):
    """An action that passes a sample on unchanged, to one of two outputs."""

    @abstractmethod
    def route(self, sample: Sample, rng: np.random.Generator | None) -> int:
        """0 for the first output (the condition holds), 1 for the second."""

    def outcomes(self, arriving: Arriving) -> tuple[Outcome, ...]:
        """Both outputs can get all that arrives, unless a subclass knows better."""
        return super().outcomes(arriving) * 2

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        return (sample,)


class Source(Action):
    """An action whose `src` are projects; its samples are freshly parsed images."""


class Sink(Action):
    """An action whose `dst` names the result; its samples are saved."""

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """The sample as it is written: figures clipped to the image where their shape asks for it."""
        size = sample.image.size
        figures = tuple(figure.with_shape(shape) for figure in sample.figures for shape in figure.shape.clean(size))
        return (with_figures(sample, figures),)

    @property
    def makes_pictures(self) -> bool:
        """Whether `pictures` gives anything; only then are unchanged images decoded."""
        return False

    def pictures(self, sample: Sample, pixels: Pixels, meta: Meta) -> Iterable[tuple[str, Pixels]]:
        """Pictures to save beside a sample, each with its folder below the dataset; `meta` has the class colours."""
        return ()


ActionType = TypeVar("ActionType", bound=type[Action])


def action(word: str, *aliases: str) -> Callable[[ActionType], ActionType]:
    """Register a class as the action that graphs call `word`, or one of its aliases. Raises `ValueError` when one is taken."""

    def register(cls: ActionType) -> ActionType:
        known = CATALOGUE | {alias: CATALOGUE[meant] for alias, meant in ALIASES.items()}
        require_free((word, *aliases), known, cls, "action")
        cls.word = word
        CATALOGUE[word] = cls
        ALIASES.update(dict.fromkeys(aliases, word))
        return cls

    return register


def find_action(word: str) -> type[Action] | None:
    """The action of that word or alias."""
    return CATALOGUE.get(ALIASES.get(word, word))


@cache
def _adapter(cls: type[Action]) -> TypeAdapter[Any]:
    return TypeAdapter(cls)
