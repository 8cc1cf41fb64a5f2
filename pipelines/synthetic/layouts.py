"""A dataset of scenes on disk, in the layout of Pascal VOC or in that of Mapillary Vistas."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.synthetic.arrays import Bytes
from pipelines.synthetic.encode import jpeg, palette_png, voc_palette
from pipelines.synthetic.kinds import KINDS
from pipelines.synthetic.scene import Scene, draw_scene
from pipelines.synthetic.vistas import VISTAS_LABELS

Layout = Literal["voc", "mapillary"]

SMALLEST_SIDE = 64
"""Pixels: below this a figure of the smallest area fills most of what an object may cover."""
JPEG_QUALITY = 92
VOID = 255
"""What VOC's masks hold where a pixel belongs to nobody."""


@dataclass(frozen=True)
class Summary:
    """What `generate` wrote: counts of images, of labelled objects, of images per split and of objects per class."""

    directory: str
    layout: str
    images: int
    objects: int
    training: int
    validation: int
    classes: dict[str, int]


def generate(
    directory: str,
    *,
    layout: Layout = "voc",
    images: int = 200,
    seed: int = 0,
    size_wh: tuple[int, int] = (320, 240),
    validation: float = 0.1,
    progress: Callable[[Iterable[int]], Iterable[int]] | None = None,
) -> Summary:
    """Write `images` labelled scenes of `size_wh` (width, height in pixels) to an absent or empty directory.

    Image `i`, its masks and its split depend on (seed, i, size_wh, validation) only, so a smaller dataset is the
    beginning of a larger one with the same settings, and the same settings give the same bytes.

    `layout` "voc" writes `JPEGImages/<id>.jpg`, palette PNGs in `SegmentationClass` and `SegmentationObject` (0: no
    object, 255: the one-pixel band around each object that belongs to nobody), the lists `train.txt` and `val.txt` in
    `ImageSets/Segmentation`, and `colors.txt`. "mapillary" writes `<id>.jpg` in `{training,validation}/images`,
    `<id>.png` in `.../labels` and `.../instances` (16-bit: 256 * label + number of the instance within its label), and
    `config.json`.

    `validation` is the share of images in the validation split, spread evenly; if above 0, two images already hold one.
    `progress` wraps the iterable of image numbers, as `tqdm` does. Raises ValueError for settings out of range and
    FileExistsError when the directory holds something already.
    """
    _check(layout, images, seed, size_wh, validation)
    root = _empty_directory(directory)
    writer = _VocWriter(root) if layout == "voc" else _VistasWriter(root)
    classes: Counter[str] = Counter()
    held_out = 0
    numbers: Iterable[int] = range(images)
    for number in progress(numbers) if progress else numbers:
        for_validation = in_validation(number, validation)
        classes.update(writer.add(f"{number:06d}", draw_scene(seed, number, size_wh), for_validation))
        held_out += for_validation
    writer.finish()
    return Summary(
        directory, layout, images, classes.total(), images - held_out, held_out, dict(sorted(classes.items()))
    )


def _check(layout: str, images: int, seed: int, size_wh: tuple[int, int], validation: float) -> None:
    if layout not in get_args(Layout):
        allowed = " or ".join(f'"{name}"' for name in get_args(Layout))
        raise ValueError(f'synthetic dataset: layout "{layout}" is not known; choose {allowed}')
    if images < 1:
        raise ValueError(f"synthetic dataset: images is {images}; ask for 1 or more")
    if seed < 0:
        raise ValueError(f"synthetic dataset: seed is {seed}; give a whole number of 0 or more")
    if min(size_wh) < SMALLEST_SIDE:
        raise ValueError(
            f"synthetic dataset: size {size_wh[0]}x{size_wh[1]} is too small to hold objects; "
            f"give a width and a height of {SMALLEST_SIDE} pixels or more"
        )
    if not 0 <= validation < 1:
        raise ValueError(f"synthetic dataset: validation is {validation}; give a share of at least 0 and below 1")


def _empty_directory(directory: str) -> Path:
    root = Path(directory)
    if root.exists() and not root.is_dir():
        raise FileExistsError(f"synthetic dataset: {directory} is a file; name a directory that is absent or empty")
    if root.exists() and any(root.iterdir()):
        found = min(entry.name for entry in root.iterdir())
        raise FileExistsError(
            f"synthetic dataset: {directory} is not empty (it holds {found}); empty it, or name another directory"
        )
    root.mkdir(parents=True, exist_ok=True)
    return root


def in_validation(number: int, share: float) -> bool:
    """Whether image `number` is held out: 1 is the first, then every 1/share-th, however many images there are."""
    return number > 0 and math.floor((number - 1) * share) > math.floor((number - 2) * share)


class _VocWriter:
    """Writes scenes in the layout of Pascal VOC."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.splits: dict[str, list[str]] = {"train": [], "val": []}
        self.palette = voc_palette()
        self.number_of = {kind.name: number for number, kind in enumerate(KINDS, start=1)}
        for folder in ("JPEGImages", "SegmentationClass", "SegmentationObject", "ImageSets/Segmentation"):
            (root / folder).mkdir(parents=True)

    def add(self, name: str, scene: Scene, held_out: bool) -> tuple[str, ...]:
        """Write a scene; the class of each of its objects."""
        lookup = np.array([0, *(self.number_of[kind] for kind in scene.kinds)], dtype=np.uint8)
        void = void_band(scene.instances)
        (self.root / "JPEGImages" / f"{name}.jpg").write_bytes(jpeg(scene.image, JPEG_QUALITY))
        for folder, mask in (("SegmentationClass", lookup[scene.instances]), ("SegmentationObject", scene.instances)):
            indices = np.where(void, np.uint8(VOID), mask)
            (self.root / folder / f"{name}.png").write_bytes(palette_png(indices, self.palette))
        self.splits["val" if held_out else "train"].append(name)
        return scene.kinds

    def finish(self) -> None:
        """Write what is known after the last scene."""
        for split, names in self.splits.items():
            if names:
                text = "".join(f"{name}\n" for name in names)
                (self.root / "ImageSets" / "Segmentation" / f"{split}.txt").write_text(text)
        lines = ["{} {} {} {}\n".format(name, *self.palette[number]) for name, number in self.number_of.items()]
        (self.root / "colors.txt").write_text("".join(lines))


def void_band(instances: Bytes) -> NDArray[np.bool_]:
    """The pixels next to a later drawn object, so that the band around an object eats nothing of the object itself.

    `instances` uint8 (height, width) as in `Scene`; the answer is as large.
    """
    return cv2.dilate(instances, np.ones((3, 3), np.uint8)) > instances


class _VistasWriter:
    """Writes scenes in the layout of Mapillary Vistas 1.2."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.code_of = {label.readable: 256 * number for number, label in enumerate(VISTAS_LABELS)}
        self.palette = np.zeros((256, 3), dtype=np.uint8)
        self.palette[: len(VISTAS_LABELS)] = [label.color for label in VISTAS_LABELS]

    def add(self, name: str, scene: Scene, held_out: bool) -> tuple[str, ...]:
        """Write a scene; the class of each of its objects."""
        split = self.root / ("validation" if held_out else "training")
        for folder in ("images", "labels", "instances"):
            (split / folder).mkdir(parents=True, exist_ok=True)
        coded = self._code(scene)
        (split / "images" / f"{name}.jpg").write_bytes(jpeg(scene.image, JPEG_QUALITY))
        (split / "labels" / f"{name}.png").write_bytes(palette_png((coded // 256).astype(np.uint8), self.palette))
        (split / "instances" / f"{name}.png").write_bytes(cv2.imencode(".png", coded)[1].tobytes())
        return scene.labels

    def _code(self, scene: Scene) -> NDArray[np.uint16]:
        """256 * label + number of the instance within its label, for each pixel."""
        behind = np.array([self.code_of[label] for label in scene.surroundings], dtype=np.uint16)
        numbered = [self.code_of[label] + scene.labels[:i].count(label) for i, label in enumerate(scene.labels)]
        objects = np.array([0, *numbered], dtype=np.uint16)
        return np.where(scene.instances > 0, objects[scene.instances], behind[scene.regions])

    def finish(self) -> None:
        """Write what is known after the last scene."""
        config = {
            "version": "1.1",
            "mapping": "public",
            "folder_structure": "{split}/{content}/{key}.{ext}",
            "labels": [{**label._asdict(), "evaluate": label != VISTAS_LABELS[-1]} for label in VISTAS_LABELS],
        }
        (self.root / "config.json").write_text(json.dumps(config, indent=1))
