"""One scene: a background, objects painted over it one after the other, and the photograph of that."""

import math
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from pipelines.synthetic.arrays import Bytes, pick
from pipelines.synthetic.backgrounds import draw_background
from pipelines.synthetic.camera import develop
from pipelines.synthetic.colors import random_palette
from pipelines.synthetic.painting import cast_shadow, paint
from pipelines.synthetic.silhouettes import arrange, visible


@dataclass(frozen=True)
class Scene:
    """One picture and what is on it.

    `image` uint8 (height, width, 3) RGB. `instances` uint8 (height, width): 0, or the 1-based number of the object seen
    there; later numbers lie over earlier ones. `kinds` and `labels` name each object's class: ours, and the Vistas one.
    `regions` uint8 (height, width) indexes `surroundings`, the Vistas labels of what lies behind the objects.
    """

    image: Bytes
    instances: Bytes
    kinds: tuple[str, ...]
    labels: tuple[str, ...]
    regions: Bytes
    surroundings: tuple[str, ...]


def draw_scene(seed: int, number: int, size_wh: tuple[int, int]) -> Scene:
    """Scene `number` of the dataset `seed`, `size_wh` = (width, height) pixels; nothing else decides what is on it."""
    width, height = size_wh
    digest = blake2b(f"synthetic {seed} {number}".encode(), digest_size=16).digest()
    rng = np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
    background = draw_background(rng, height, width)
    while not (objects := visible(arrange(rng, height, width), height, width)):
        continue
    light = rng.uniform(0, 2 * math.pi)
    uniform_look = random_palette(rng) if rng.random() < 0.12 else None
    instances = np.zeros((height, width), dtype=np.uint8)
    for index, silhouette in enumerate(objects, start=1):
        cast_shadow(rng, background.canvas, silhouette, light)
        paint(rng, background.canvas, silhouette, light, uniform_look)
        instances[silhouette.window][silhouette.mask] = index
    return Scene(
        develop(rng, background.canvas),
        instances,
        tuple(silhouette.kind.name for silhouette in objects),
        tuple(pick(rng, silhouette.kind.vistas) for silhouette in objects),
        background.regions,
        background.labels,
    )
