"""The record that flows through a graph, and the two things its identity decides: its key and its random numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np

from pipelines.figures import Figure
from pipelines.image import Image
from pipelines.origin import KEY_BYTES, Origin
from pipelines.tag import Tag


@dataclass(frozen=True, slots=True)
class Sample:
    """One image expression with its figures and tags.

    `key` is the path taken through the graph, hashed: equal paths give equal keys on every runner. `dataset` is the dataset the
    sample will be saved to. Figures are in drawing order (later ones on top), in pixels of `image.size`, x right, y down.
    """

    key: bytes
    origin: Origin
    dataset: str
    image: Image
    figures: tuple[Figure, ...] = ()
    tags: tuple[Tag, ...] = ()
    description: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def child(self, layer: str, ordinal: int) -> Sample:
        """The sample under the key it has after being the `ordinal`-th result of `layer`."""
        digest = blake2b(self.key, digest_size=KEY_BYTES)
        digest.update(b"%d\0%s" % (ordinal, layer.encode()))
        return with_key(self, digest.digest())


# The two changes every layer makes are written out: `dataclasses.replace` takes five times as long.


def with_key(sample: Sample, key: bytes) -> Sample:
    """The same sample under another key."""
    return Sample(
        key, sample.origin, sample.dataset, sample.image, sample.figures, sample.tags, sample.description, sample.extra
    )


def with_content(sample: Sample, image: Image, figures: tuple[Figure, ...]) -> Sample:
    """The same sample with another image and other figures."""
    return Sample(
        sample.key, sample.origin, sample.dataset, image, figures, sample.tags, sample.description, sample.extra
    )


def with_figures(sample: Sample, figures: tuple[Figure, ...]) -> Sample:
    """The same sample with other figures."""
    return with_content(sample, sample.image, figures)


class Randomness:
    """The random numbers of one layer: a generator that depends on the seed, the layer and the sample, and on nothing else.

    One object serves one layer of one worker. `for_key` winds the same Philox generator to the sample's own stream, which costs
    a quarter of building a new one; the generator is valid until the next call.
    """

    def __init__(self, seed: int, layer: str) -> None:
        self._salt = b"%d\0%s" % (seed, layer.encode())
        self._philox = np.random.Philox(key=0)
        self._state: Any = self._philox.state
        self._generator = np.random.Generator(self._philox)

    def for_key(self, key: bytes) -> np.random.Generator:
        digest = blake2b(self._salt, digest_size=16, key=key).digest()
        self._state["state"]["key"] = np.frombuffer(digest, np.dtype("<u8")).astype(np.uint64)
        self._philox.state = self._state
        return self._generator
