"""Whole photographs with all their objects in a device's memory: what views for training are drawn from.

Legend: N photographs, M objects, S side of the square canvas on which every photograph lies at the top left, its last row and
column repeated beyond its border. Boxes are y0 x0 y1 x1 in pixels, the ends not included. Masks are kept as bits, eight columns
a byte, the first in the highest bit.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import PurePosixPath
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from model.projects.photographs import SMALLEST_OBJECT, BadPhotograph, DecodedPhotograph, Pixels, Place, decode
from model.settings.classes import SpecialClasses
from pipelines.errors import UserError
from pipelines.formats.shards import ShardedDataset

_THREADS = 8
_AHEAD = 4 * _THREADS
"""So many photographs are decoded ahead of the one that is taken."""
_BITS = 8


@dataclass(frozen=True)
class Photographs:
    """Tensors of one device; the order of objects follows that of photographs."""

    images: Tensor
    """(N, 3, S, S) uint8 RGB."""
    sizes: Tensor
    """(N, 2) float32, height and width."""
    masks: Tensor
    """(M, S, S / 8) uint8 bits."""
    boxes: Tensor
    """(M, 4) float32."""
    image_of: Tensor
    """(M,) int64, each object's photograph."""
    void: Tensor
    """(V, S, S / 8) uint8 bits; the first is empty."""
    void_of: Tensor
    """(N,) int64, each photograph's row in `void`."""
    pool_of: Tensor
    """(M,) int64, on the CPU: each object's pool."""

    def __len__(self) -> int:
        return len(self.image_of)

    @property
    def side(self) -> int:
        """S."""
        return self.images.shape[-1]

    def to(self, device: torch.device) -> "Photographs":
        """The same on another device."""
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self) if f.name != "pool_of"}
        return replace(self, **moved)

    def gathered(self, objects: Tensor) -> "Objects":
        """Some of the objects, (B,) int64 on the same device, with what they are seen in."""
        photographs = self.image_of[objects]
        return Objects(
            self.images[photographs],
            self.sizes[photographs],
            self.masks[objects],
            self.boxes[objects],
            self.void[self.void_of[photographs]],
        )


class Objects(NamedTuple):
    """A batch of objects, each with its photograph: all that is needed to draw views of them."""

    images: Tensor
    """(B, 3, S, S) uint8."""
    sizes: Tensor
    """(B, 2) float32."""
    masks: Tensor
    """(B, S, S / 8) uint8 bits."""
    boxes: Tensor
    """(B, 4) float32."""
    void: Tensor
    """(B, S, S / 8) uint8 bits."""


def unpacked(bits: Tensor) -> Tensor:
    """(…, S, S / 8) uint8 bits → (…, S, S) uint8, 0 or 1."""
    shifts = torch.arange(_BITS - 1, -1, -1, device=bits.device, dtype=torch.uint8)
    return ((bits[..., None] >> shifts) & 1).flatten(-2)


def canvas_side(datasets: Sequence[ShardedDataset], places: Sequence[Place]) -> int:
    """The side of a canvas that holds every photograph, a multiple of 8."""
    longest = 1
    for number, dataset in enumerate(datasets):
        rows = np.array([place.row for place in places if place.pool == number], np.int64)
        for column in ("width", "height") if len(rows) else ():
            longest = max(longest, int(dataset.index[column].to_numpy()[rows].max()))
    return -(-longest // _BITS) * _BITS


def on_canvas(photograph: DecodedPhotograph, side: int) -> tuple[Pixels, Pixels, Pixels | None, NDArray[np.float32]]:
    """Image (3, S, S), masks as bits (m, S, S / 8), void as bits or None, boxes (m, 4)."""
    height, width = photograph.image.shape[:2]
    beyond = ((0, side - height), (0, side - width))
    image = np.pad(photograph.image, (*beyond, (0, 0)), mode="edge").transpose(2, 0, 1)
    masks = np.zeros((len(photograph.masks), side, side // _BITS), np.uint8)
    boxes = np.zeros((len(photograph.masks), 4), np.float32)
    for number, mask in enumerate(photograph.masks):
        masks[number] = np.packbits(np.pad(mask, beyond), axis=1)
        x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
        boxes[number] = y, x, y + h, x + w
    void = None if photograph.void is None else np.packbits(np.pad(photograph.void, beyond), axis=1)
    return np.ascontiguousarray(image), masks, void, boxes


def load(
    datasets: Sequence[ShardedDataset],
    places: Sequence[Place],
    classes: SpecialClasses,
    side: int,
    allowed_bad: int = 0,
    progress: bool = False,
    what: str = "photographs",
) -> Photographs:
    """All photographs of these places, decoded into memory. Photographs without an object are left out.

    Raises BadPhotograph when more than `allowed_bad` cannot be decoded.
    """
    images = np.zeros((len(places), 3, side, side), np.uint8)
    masks, boxes, image_of, pool_of = [], [], [], []
    void, void_of = [np.zeros((side, side // _BITS), np.uint8)], []
    sizes: list[tuple[int, ...]] = []
    for place, photograph in decoded(datasets, places, classes, allowed_bad, progress, what):
        if photograph.masks:
            image, bits, ignored, corners = on_canvas(photograph, side)
            images[len(sizes)] = image
            masks.append(bits)
            boxes.append(corners)
            image_of += [len(sizes)] * len(bits)
            pool_of += [place.pool] * len(bits)
            void_of.append(0 if ignored is None else len(void))
            if ignored is not None:
                void.append(ignored)
            sizes.append(photograph.image.shape[:2])
    if not sizes:
        raise nothing_in(places, what, classes.foreground)
    return Photographs(
        images=torch.from_numpy(images[: len(sizes)]),
        sizes=torch.tensor(sizes, dtype=torch.float32),
        masks=torch.from_numpy(np.concatenate(masks)),
        boxes=torch.from_numpy(np.concatenate(boxes)),
        image_of=torch.tensor(image_of),
        void=torch.from_numpy(np.stack(void)),
        void_of=torch.tensor(void_of),
        pool_of=torch.tensor(pool_of),
    )


def decoded(
    datasets: Sequence[ShardedDataset],
    places: Sequence[Place],
    classes: SpecialClasses,
    allowed_bad: int,
    progress: bool,
    what: str,
) -> Iterator[tuple[Place, DecodedPhotograph]]:
    """The photographs of these places, in their order; those that cannot be decoded are left out.

    Raises BadPhotograph when these are more than `allowed_bad`.
    """

    def one(place: Place) -> DecodedPhotograph | str:
        try:
            return decode(datasets[place.pool], place.row, classes)
        except BadPhotograph as error:
            return str(error)

    bad: list[str] = []
    waiting: deque[Future[DecodedPhotograph | str]] = deque()
    with ThreadPoolExecutor(_THREADS) as threads:
        for number, place in enumerate(tqdm(places, what, disable=not progress)):
            # Not all at once: what is decoded faster than it is taken would pile up, and it is large.
            ahead = places[number + len(waiting) : number + _AHEAD]
            waiting.extend(threads.submit(one, next_place) for next_place in ahead)
            photograph = waiting.popleft().result()
            if isinstance(photograph, DecodedPhotograph):
                yield place, photograph
                continue
            bad.append(photograph)
            if len(bad) > allowed_bad:
                raise BadPhotograph(
                    f"{len(bad)} {what} cannot be decoded, allow_corrupted_samples is {allowed_bad}. One of them: {bad[0]}. "
                    f"Run the graph again that made the dataset, or raise the number"
                )


def nothing_in(places: Sequence[Place], what: str, foreground: str) -> UserError:
    """What to say when there is no object anywhere."""
    return UserError(
        f"none of {len(places)} {what} has an object of class {foreground!r} of at least {SMALLEST_OBJECT} visible pixels; "
        "make the dataset with configs/graphs/photographs.json, or name another special_classes.foreground"
    )


def pool_names(roots: Sequence[str]) -> list[str]:
    """What datasets are called in the config's `views.pools`: their folders' names as they were given; UserError where two
    have the same."""
    names = [PurePosixPath(root.rstrip("/")).name for root in roots]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(
            f"data: {', '.join(twice)} names two datasets; views.pools tells them apart by their folders' names"
        )
    return names


def shares_in_order(shares: Sequence[float], names: Sequence[str]) -> dict[str, float]:
    """Shares of pools in the order of `names`; all pools from the last share on have it together, and shares of pools that are
    not there count for nothing."""
    alone = min(len(shares), len(names)) - 1
    last = shares[alone] / (len(names) - alone)
    return {name: shares[number] if number < alone else last for number, name in enumerate(names)}


def object_weights(
    pool_of: Tensor, names: Sequence[str], pools: Mapping[str, float] | Sequence[float]
) -> NDArray[np.float64]:
    """How likely a visit is to each object, (M,), adding up to 1: first a pool is drawn, then one of its objects.

    pools: the config's `views.pools`. UserError where it names others than `names`.
    """
    if not isinstance(pools, Mapping):
        pools = shares_in_order(pools, names) if pools else {}
    wrong = sorted(set(pools) ^ set(names)) if pools else []
    if wrong:
        raise UserError(
            f"views.pools: {', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} named there or given as data, but not both; "
            f"data are {', '.join(names)}; name every pool, or none"
        )
    counts = np.bincount(pool_of.numpy(), minlength=len(names))
    shares = np.array([pools[name] for name in names]) if pools else np.sqrt(counts)
    shares = np.where(counts > 0, shares, 0.0)
    each = np.divide(shares, counts, out=np.zeros(len(names)), where=counts > 0)[pool_of.numpy()]
    return np.asarray(each / each.sum(), np.float64)


def memory_needed(datasets: Sequence[ShardedDataset], places: Sequence[Place], side: int) -> int:
    """Bytes that `load` is going to fill, about: objects are counted from the index."""
    objects = 0
    for number, dataset in enumerate(datasets):
        counts = [len(classes) for classes in dataset.index["classes"].to_pylist()]
        objects += sum(counts[place.row] for place in places if place.pool == number)
    return side * side * (3 * len(places) + objects // _BITS)
