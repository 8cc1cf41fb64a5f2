"""An artificial labelled dataset: scenes of overlapping objects of many kinds, all of it drawn from a seed."""

import colorsys
import json
import math
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Points = NDArray[np.float64]
Rng = np.random.Generator
Layout = Literal["voc", "mapillary"]

SMALLEST_SIDE = 64  # pixels: below this a figure of the smallest area fills most of what an object may cover
SMALLEST_FIGURE = 80  # visible pixels an object needs to be an object of the dataset
JPEG_QUALITY = 92
VOID = 255
_SUPERSAMPLE = 3  # outlines are drawn this many times larger and averaged, so that their edges are anti-aliased
_CUT = 0  # the "material" of a hole
MAIN, SECOND, THIRD, DARK, GLASS = 1, 2, 3, 4, 5  # what an object's parts are made of; each gets a texture per object


# ------------------------------------------------------------------------------------------------ the dataset on disk


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
    numbers: Iterable[int] = range(images)
    for number in progress(numbers) if progress else numbers:
        writer.add(f"{number:06d}", draw_scene(seed, number, size_wh), _in_validation(number, validation))
    writer.finish()
    held_out = sum(_in_validation(number, validation) for number in range(images))
    return Summary(
        directory,
        layout,
        images,
        sum(writer.counts.values()),
        images - held_out,
        held_out,
        dict(sorted(writer.counts.items())),
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


def _in_validation(number: int, share: float) -> bool:
    """Whether image `number` is held out: 1 is the first, then every 1/share-th, however many images there are."""
    return number > 0 and math.floor((number - 1) * share) > math.floor((number - 2) * share)


class _VocWriter:
    """Writes scenes in the layout of Pascal VOC."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.counts: dict[str, int] = {}
        self.splits: dict[str, list[str]] = {"train": [], "val": []}
        self.palette = voc_palette()
        self.number_of = {kind.name: number for number, kind in enumerate(KINDS, start=1)}
        for folder in ("JPEGImages", "SegmentationClass", "SegmentationObject", "ImageSets/Segmentation"):
            (root / folder).mkdir(parents=True)

    def add(self, name: str, scene: "Scene", held_out: bool) -> None:
        lookup = np.array([0, *(self.number_of[kind] for kind in scene.kinds)], dtype=np.uint8)
        void = _void_band(scene.instances)
        classes, objects = lookup[scene.instances], scene.instances.copy()
        classes[void], objects[void] = VOID, VOID
        (self.root / "JPEGImages" / f"{name}.jpg").write_bytes(_jpeg(scene.image, JPEG_QUALITY))
        (self.root / "SegmentationClass" / f"{name}.png").write_bytes(palette_png(classes, self.palette))
        (self.root / "SegmentationObject" / f"{name}.png").write_bytes(palette_png(objects, self.palette))
        self.splits["val" if held_out else "train"].append(name)
        for kind in scene.kinds:
            self.counts[kind] = self.counts.get(kind, 0) + 1

    def finish(self) -> None:
        for split, names in self.splits.items():
            if names:
                text = "".join(f"{name}\n" for name in names)
                (self.root / "ImageSets" / "Segmentation" / f"{split}.txt").write_text(text)
        lines = ["{} {} {} {}\n".format(name, *self.palette[number]) for name, number in self.number_of.items()]
        (self.root / "colors.txt").write_text("".join(lines))


class _VistasWriter:
    """Writes scenes in the layout of Mapillary Vistas 1.2."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.counts: dict[str, int] = {}
        self.number_of = {readable: number for number, (_, readable, _, _) in enumerate(_VISTAS)}
        self.palette = np.zeros((256, 3), dtype=np.uint8)
        self.palette[: len(_VISTAS)] = [color for *_, color in _VISTAS]

    def add(self, name: str, scene: "Scene", held_out: bool) -> None:
        lookup = np.array([self.number_of[label] for label in scene.surroundings], dtype=np.uint16) * 256
        coded = lookup[scene.regions]
        used: dict[str, int] = {}
        for number, label in enumerate(scene.labels, start=1):
            coded[scene.instances == number] = 256 * self.number_of[label] + used.get(label, 0)
            used[label] = used.get(label, 0) + 1
            self.counts[label] = self.counts.get(label, 0) + 1
        split = self.root / ("validation" if held_out else "training")
        for folder in ("images", "labels", "instances"):
            (split / folder).mkdir(parents=True, exist_ok=True)
        (split / "images" / f"{name}.jpg").write_bytes(_jpeg(scene.image, JPEG_QUALITY))
        (split / "labels" / f"{name}.png").write_bytes(palette_png((coded // 256).astype(np.uint8), self.palette))
        (split / "instances" / f"{name}.png").write_bytes(cv2.imencode(".png", coded)[1].tobytes())

    def finish(self) -> None:
        labels = [
            {
                "name": name,
                "readable": readable,
                "instances": instances,
                "color": list(color),
                "evaluate": name != _VISTAS[-1][0],
            }
            for name, readable, instances, color in _VISTAS
        ]
        config = {
            "version": "1.1",
            "mapping": "public",
            "folder_structure": "{split}/{content}/{key}.{ext}",
            "labels": labels,
        }
        (self.root / "config.json").write_text(json.dumps(config, indent=1))


def voc_palette() -> Bytes:
    """The 256 colours of Pascal VOC's PNGs, uint8 (256, 3) RGB: the bits of the index, dealt to R, G, B in turn."""
    index = np.arange(256)
    colors = np.zeros((256, 3), dtype=np.uint8)
    for bit in range(8):
        for channel in range(3):
            colors[:, channel] |= (((index >> (3 * bit + channel)) & 1) << (7 - bit)).astype(np.uint8)
    return colors


def palette_png(indices: Bytes, palette: Bytes) -> bytes:
    """A PNG of colour type 3 (palette) of uint8 (height, width) indices into a uint8 (256, 3) RGB palette."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = indices.shape
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # each row opens with its filter type, 0: none
    rows[:, 1:] = indices
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            chunk(b"PLTE", palette.tobytes()),
            chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)),
            chunk(b"IEND", b""),
        )
    )


def _void_band(instances: Bytes) -> NDArray[np.bool_]:
    """The pixels next to a later drawn object, so that the band around an object eats nothing of the object itself."""
    return cv2.dilate(instances, np.ones((3, 3), np.uint8)) > instances


def _jpeg(image: Bytes, quality: int) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[
        1
    ].tobytes()


# ------------------------------------------------------------------------------------------------------------- scenes


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


@dataclass(frozen=True)
class _Silhouette:
    """An object in its place, not yet coloured: the window (left, top) and the coverage 0..1 of each material there."""

    kind: "Kind"
    left: int
    top: int
    coverage: dict[int, Floats]
    alpha: Floats
    seams: Floats

    @property
    def window(self) -> tuple[slice, slice]:
        height, width = self.alpha.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def draw_scene(seed: int, number: int, size_wh: tuple[int, int]) -> Scene:
    """Scene `number` of the dataset `seed`, `size_wh` = (width, height) pixels; nothing else decides what is on it."""
    width, height = size_wh
    digest = blake2b(f"synthetic {seed} {number}".encode(), digest_size=16).digest()
    rng = np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
    canvas, regions, surroundings = _surroundings(rng, height, width)
    objects = _visible(_arrange(rng, height, width), height, width)
    while not objects:
        objects = _visible(_arrange(rng, height, width), height, width)
    light = rng.uniform(0, 2 * math.pi)
    uniform_look = _palette(rng) if rng.random() < 0.12 else None
    instances = np.zeros((height, width), dtype=np.uint8)
    for index, silhouette in enumerate(objects, start=1):
        _cast_shadow(rng, canvas, silhouette, light)
        _paint(rng, canvas, silhouette, light, uniform_look)
        instances[silhouette.window][silhouette.alpha >= 0.5] = index
    return Scene(
        _develop(rng, canvas),
        instances,
        tuple(silhouette.kind.name for silhouette in objects),
        tuple(_pick(rng, silhouette.kind.vistas) for silhouette in objects),
        regions,
        surroundings,
    )


def _arrange(rng: Rng, height: int, width: int) -> list[_Silhouette]:
    """2 to 7 objects, far ones first; some scenes are crowds of one kind, where only the outline tells them apart."""
    count = int(rng.integers(2, 8))
    crowd = _pick(rng, KINDS) if rng.random() < 0.15 else None
    objects = []
    for _ in range(count):
        kind = crowd if crowd and rng.random() < 0.8 else _pick(rng, KINDS)
        share = math.exp(rng.uniform(math.log(0.2), math.log(0.95))) if not crowd else rng.uniform(0.3, 0.6)
        objects.append((share, kind))
    if rng.random() < 0.6:  # mostly small things stand in front of large ones, or they would never be seen
        objects.sort(key=lambda pair: -pair[0])
    return [_place(rng, kind, share * min(height, width) * 1.15, height, width) for share, kind in objects]


def _visible(objects: list[_Silhouette], height: int, width: int) -> list[_Silhouette]:
    """Those of which at least `SMALLEST_FIGURE` pixels show; one that is left out covers nothing either."""
    covered = np.zeros((height, width), dtype=bool)
    kept = []
    for silhouette in reversed(objects):
        mask, below = silhouette.alpha >= 0.5, covered[silhouette.window]
        if np.count_nonzero(mask & ~below) >= SMALLEST_FIGURE:
            kept.append(silhouette)
            below |= mask
    return kept[::-1]


def _place(rng: Rng, kind: "Kind", size: float, height: int, width: int) -> _Silhouette:
    """Draw the parts of one new object of `kind`, its longer side about `size` pixels, somewhere on the picture."""
    sketch = Sketch(thinnest=1.6 / size)  # parts reach about 1 from the middle: a line is 1.6 pixels wide at least
    kind.draw(sketch, rng)
    lengths = [len(points) for points, _ in sketch.parts]
    points = _bend(rng, np.concatenate([points for points, _ in sketch.parts]), kind.upright)
    low, high = points.min(0), points.max(0)
    points = (points - (low + high) / 2) * (size / (high - low).max())
    reach = np.array([width, height]) / 2 * 0.92
    points += np.array([width, height]) / 2 + rng.uniform(-reach, reach)
    left, top = np.clip(np.floor(points.min(0)) - 1, 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(points.max(0)) + 2, (left + 1, top + 1), (width, height)).astype(int)
    materials = np.zeros(((bottom - top) * _SUPERSAMPLE, (right - left) * _SUPERSAMPLE), dtype=np.uint8)
    # 1/16 pixel steps; the half takes pixel centres of the large drawing to those of the small one
    fixed = np.round(((points - (left, top)) * _SUPERSAMPLE - 0.5) * 16).astype(np.int32)
    start = 0
    for length, (_, material) in zip(lengths, sketch.parts, strict=True):
        cv2.fillPoly(materials, [fixed[start : start + length]], material, cv2.LINE_8, 4)
        start += length
    return _silhouette(rng, kind, left, top, materials)


def _bend(rng: Rng, points: Points, upright: bool) -> Points:
    """A random pose: mirrored, turned (things that stand, only a little), stretched, slanted and gently warped."""
    if rng.random() < 0.5:
        points = points * (-1, 1)
    points = points * np.exp(rng.normal(0, 0.16, 2))
    warp = rng.uniform(-0.09, 0.09, 2)
    points = points + warp * np.sin(rng.uniform(1, 3, 2) * points[:, ::-1] + rng.uniform(0, 6, 2))
    free = not upright or rng.random() < 0.07
    angle = rng.uniform(-math.pi, math.pi) if free else rng.normal(0, 0.12)
    cosine, sine = math.cos(angle), math.sin(angle)
    slant = rng.normal(0, 0.1)
    return points @ np.array([[cosine, sine], [-sine, cosine]]) @ np.array([[1, 0], [slant, 1]])


def _silhouette(rng: Rng, kind: "Kind", left: int, top: int, materials: Bytes) -> _Silhouette:
    height, width = (side // _SUPERSAMPLE for side in materials.shape)
    soften = rng.uniform(0.4, 1.0) if rng.random() < 0.25 else 0.0

    def shrink(drawing: NDArray[Any]) -> Floats:
        small = cv2.resize(drawing, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        return np.asarray(cv2.GaussianBlur(small, (0, 0), soften) if soften else small, np.float32)

    present = np.flatnonzero(np.bincount(materials.ravel(), minlength=2))
    coverage = {int(m): shrink((materials == m).astype(np.uint8) * 255) for m in present if m != _CUT}
    alpha = sum(coverage.values(), np.zeros((height, width), np.float32))
    edges = cv2.morphologyEx(materials, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return _Silhouette(kind, left, top, coverage, alpha, shrink((edges > 0).astype(np.uint8) * 255))


def _cast_shadow(rng: Rng, canvas: Floats, silhouette: _Silhouette, light: float) -> None:
    """Darken what lies behind the object; a shadow belongs to nobody, so no mask knows of it."""
    if rng.random() < 0.35:
        return
    height, width = canvas.shape[:2]
    size = max(silhouette.alpha.shape)
    margin = int(size * 0.25) + 3
    top, left = max(silhouette.top - margin, 0), max(silhouette.left - margin, 0)
    bottom = min(silhouette.top + silhouette.alpha.shape[0] + margin, height)
    right = min(silhouette.left + silhouette.alpha.shape[1] + margin, width)
    shade = np.zeros((bottom - top, right - left), dtype=np.float32)
    window = silhouette.window
    shade[window[0].start - top : window[0].stop - top, window[1].start - left : window[1].stop - left] = (
        silhouette.alpha
    )
    distance = rng.uniform(0.01, 0.15) * size
    moved = np.array([[1, 0, -math.cos(light) * distance], [0, 1, abs(math.sin(light)) * distance]])
    shade = cv2.warpAffine(shade, moved, (right - left, bottom - top))
    shade = cv2.GaussianBlur(shade, (0, 0), max(rng.uniform(0.008, 0.05) * size, 0.6))
    canvas[top:bottom, left:right] *= (1 - rng.uniform(0.15, 0.65) * shade)[..., None]


def _paint(rng: Rng, canvas: Floats, silhouette: _Silhouette, light: float, look: "Palette | None") -> None:
    """Texture each material, shade the whole as a body lit from `light`, and blend it over the canvas."""
    height, width = silhouette.alpha.shape
    behind = canvas[silhouette.window]
    camouflage = rng.random() < 0.2
    colors = np.zeros((height, width, 3), dtype=np.float32)
    nearby = _near(rng, behind, silhouette.alpha) if camouflage else None
    shared = _palette(rng)
    for material, coverage in silhouette.coverage.items():
        palette = look or nearby or (_matter(rng, material) if rng.random() < 0.8 else shared)
        colors += coverage[..., None] * _texture(rng, height, width, palette, max(height, width))
    alpha = silhouette.alpha[..., None]
    colors /= np.maximum(alpha, 1e-3)
    colors *= _shading(rng, silhouette.alpha, light)[..., None]
    colors *= 1 - (rng.uniform(0.0, 0.8) if rng.random() < 0.7 else 0.0) * silhouette.seams[..., None]
    if rng.random() < 0.35:
        colors += _gleam(rng, height, width)[..., None]
    if rng.random() < 0.06:  # a pane: what lies behind shows through, the object ends where it ends all the same
        colors += (behind - colors) * rng.uniform(0.2, 0.5)
    np.clip(colors, 0, 255, out=colors)
    behind += (colors - behind) * alpha


def _shading(rng: Rng, alpha: Floats, light: float) -> Floats:
    """Brightness of a body with this outline: the blurred outline serves as its height, lit from the angle `light`."""
    height, width = alpha.shape
    shade = np.ones((height, width), dtype=np.float32)
    if rng.random() < 0.75:
        small = cv2.resize(alpha, (max(width // 2, 1), max(height // 2, 1)), interpolation=cv2.INTER_AREA)
        relief = cv2.GaussianBlur(small, (0, 0), max(rng.uniform(0.03, 0.15) * max(small.shape), 0.7))
        slope = math.cos(light) * cv2.Sobel(relief, cv2.CV_32F, 1, 0) + math.sin(light) * cv2.Sobel(
            relief, cv2.CV_32F, 0, 1
        )
        slope /= max(float(np.abs(slope).max()), 1e-6)
        shade += rng.uniform(0.1, 0.6) * cv2.resize(slope, (width, height))
    if rng.random() < 0.6:
        shade += rng.uniform(0.1, 0.7) * (_ramp(height, width, light + rng.normal(0, 0.4)) - 0.5)
    return shade


def _gleam(rng: Rng, height: int, width: int) -> Floats:
    """A soft highlight, in grey levels to add."""
    x, y = rng.uniform(0.2, 0.8, 2) * (width, height)
    reach_x, reach_y = rng.uniform(0.05, 0.25, 2) * max(width, height)
    across = ((np.arange(width, dtype=np.float32) - x) / reach_x) ** 2
    down = ((np.arange(height, dtype=np.float32) - y) / reach_y) ** 2
    return np.float32(rng.uniform(30, 150)) * np.exp(-down)[:, None] * np.exp(-across)[None, :]


def _develop(rng: Rng, canvas: Floats) -> Bytes:
    """What a camera does to the scene: exposure, colour cast, vignette, blur, noise and, at times, an earlier JPEG."""
    height, width = canvas.shape[:2]
    canvas = np.clip(canvas, 0, 255) / np.float32(255)
    mean = max(float(canvas.mean()), 0.02)
    canvas *= np.float32((min(max(mean, rng.uniform(0.2, 0.4)), rng.uniform(0.6, 0.8)) / mean) ** 0.9)  # auto-exposure
    canvas = np.clip(canvas, 0, 1) ** np.float32(math.exp(rng.normal(0, 0.22)))
    canvas *= np.exp(rng.normal(0, 0.06, 3)).astype(np.float32) * np.float32(rng.uniform(0.8, 1.1))
    if rng.random() < 0.3:
        x, y = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
        canvas *= (1 - np.float32(rng.uniform(0.1, 0.4)) * (x[None, :] ** 2 + y[:, None] ** 2) / 2)[..., None]
    if rng.random() < 0.3:
        cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.4, 1.2), dst=canvas)
    if rng.random() < 0.06:
        canvas = np.repeat(canvas.mean(2, keepdims=True), 3, axis=2)
    if rng.random() < 0.7:
        strength = np.float32(rng.uniform(0.005, 0.05))
        grain = rng.standard_normal((height, width, 1 if rng.random() < 0.5 else 3), dtype=np.float32)
        canvas = canvas + strength * grain
    image = np.clip(canvas * 255 + 0.5, 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        earlier = np.frombuffer(_jpeg(image, int(rng.integers(18, 70))), np.uint8)
        image = np.asarray(cv2.imdecode(earlier, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return image


# ------------------------------------------------------------------------------------------- what lies behind objects


def _surroundings(rng: Rng, height: int, width: int) -> tuple[Floats, Bytes, tuple[str, ...]]:
    """An unpeopled scene: float32 (height, width, 3) RGB 0..255, its regions, and the Vistas label of each region."""
    build = _pick(rng, (_outdoors, _outdoors, _indoors, _surface, _surface, _patchwork))
    canvas, regions, labels = build(rng, height, width)
    if rng.random() < 0.45:
        _litter(rng, canvas)
    if rng.random() < 0.45:
        canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.5, 3.5))
    return canvas, regions, labels


def _outdoors(rng: Rng, height: int, width: int) -> tuple[Floats, Bytes, tuple[str, ...]]:
    """Sky over ground, often with a ridge, a wood or a row of houses between."""
    regions = np.zeros((height, width), dtype=np.uint8)
    hue, value = rng.uniform(0.52, 0.66), rng.uniform(0.6, 1.0)
    sky = np.array([_rgb(hue, rng.uniform(0.1, 0.6), value), _rgb(hue, 0.15, value), _rgb(rng.random(), 0.1, 1.0)])
    canvas = _colorize(_ramp(height, width, math.pi / 2 + rng.normal(0, 0.2)), sky[:2])
    clouds = np.clip(_fractal(rng, height, width, width / 2, 4, 0.55, 0.5) * 2 - rng.uniform(0.7, 1.3), 0, 1)[..., None]
    canvas += (sky[2].astype(np.float32) - canvas) * clouds
    horizon = int(rng.uniform(0.2, 0.7) * height)
    rows = np.arange(height)[:, None]
    if rng.random() < 0.6:
        if rng.random() < 0.4:  # houses: heights that jump
            skyline = np.repeat(rng.uniform(0, 0.3, 30), rng.integers(width // 20, width // 6, 30))[:width] * height
            middle, label = _texture(rng, height, width, _palette(rng), width / 2, _grid), "Building"
        else:
            skyline = _fractal(rng, 1, width, width / rng.uniform(1, 6), 4, 0.5)[0] * 0.3 * height
            middle = _texture(
                rng, height, width, (_rgb(rng.uniform(0.2, 0.6), 0.4, 0.35), _rgb(0.3, 0.3, 0.6)), width / 3
            )
            label = _pick(rng, ("Vegetation", "Mountain"))
        behind = rows > horizon - skyline[None, :]
        canvas[behind], regions[behind] = middle[behind], 2
    else:
        label = "Vegetation"
    ground = rows > horizon + 3 * np.sin(np.arange(width) * rng.uniform(0, 0.05))[None, :]
    below = _texture(rng, height, width, _palette(rng), width / 2)
    below *= (0.75 + 0.4 * _ramp(height, width, math.pi / 2))[..., None]
    canvas[ground], regions[ground] = below[ground], 1
    return canvas, regions, ("Sky", _pick(rng, ("Terrain", "Road", "Sand", "Water", "Snow", "Sidewalk")), label)


def _indoors(rng: Rng, height: int, width: int) -> tuple[Floats, Bytes, tuple[str, ...]]:
    """A wall, at times with a corner, over a floor."""
    canvas = _texture(rng, height, width, _palette(rng), width / 2)
    columns = np.arange(width, dtype=np.float32)[None, :]
    rows = np.arange(height, dtype=np.float32)[:, None]
    corner = rng.uniform(-0.2, 1.2) * width
    if rng.random() < 0.5:
        canvas *= np.where(columns > corner, rng.uniform(0.6, 0.95), 1).astype(np.float32)[..., None]
    edge = rng.uniform(0.4, 0.85) * height + np.abs(columns - corner) * rng.uniform(0, 0.35)
    floor = rows > edge
    if rng.random() < 0.5:
        canvas[np.abs(rows - edge + 3) < rng.uniform(1, 5)] = _rgb(rng.random(), 0.2, rng.random())
    canvas[floor] = _texture(rng, height, width, _palette(rng), width / 2)[floor]
    return canvas, floor.astype(np.uint8), ("Wall", "Pedestrian Area")


def _surface(rng: Rng, height: int, width: int) -> tuple[Floats, Bytes, tuple[str, ...]]:
    """One stuff from edge to edge, unevenly lit."""
    canvas = _texture(rng, height, width, _palette(rng), width / 2)
    canvas *= (rng.uniform(0.5, 1.0) + 0.5 * _ramp(height, width, rng.uniform(0, 2 * math.pi)))[..., None]
    return canvas, np.zeros((height, width), np.uint8), (_pick(rng, ("Terrain", "Road", "Vegetation", "Unlabeled")),)


def _patchwork(rng: Rng, height: int, width: int) -> tuple[Floats, Bytes, tuple[str, ...]]:
    """Several stuffs meeting along wavy lines: edges that are not the edges of objects."""
    canvas = _texture(rng, height, width, _palette(rng), width / 2)
    for _ in range(int(rng.integers(1, 4))):
        field = _ramp(height, width, rng.uniform(0, 2 * math.pi)) + rng.uniform(0, 0.6) * _fractal(
            rng, height, width, width / 2, 3
        )
        inside = field > rng.uniform(0.4, 0.9)
        canvas[inside] = _texture(rng, height, width, _palette(rng), width / 2)[inside]
    return canvas, np.zeros((height, width), np.uint8), ("Unlabeled",)


def _litter(rng: Rng, canvas: Floats) -> None:
    """Faint small marks and long lines that are nobody's."""
    height, width = canvas.shape[:2]
    marks = canvas.copy()
    for _ in range(int(rng.integers(4, 40))):
        center = rng.uniform(0, 1, 2) * (width, height)
        color = tuple(float(c) for c in _rgb(rng.random(), rng.uniform(0, 0.5), rng.random()))
        if rng.random() < 0.3:
            far = center + rng.normal(0, 0.4, 2) * (width, height)
            cv2.line(marks, center.astype(int).tolist(), far.astype(int).tolist(), color, int(rng.integers(1, 4)))
        else:
            outline = center + _wobbly(rng, rng.uniform(2, 14), rng.uniform(2, 14), 0.3)
            cv2.fillPoly(marks, [outline.astype(np.int32)], color)
    canvas += (marks - canvas) * np.float32(rng.uniform(0.15, 0.7))


# ----------------------------------------------------------------------------------------------- colours and textures

Palette = tuple[NDArray[np.float64], ...]

# mean and spread of hue, a turn being 1: earth, wood and skin most often, then leaves, then sky, then anything
_HUES = ((0.08, 0.04), (0.08, 0.05), (0.1, 0.06), (0.27, 0.07), (0.58, 0.06), (0.5, 1.0), (0.5, 1.0))


def _pick(rng: Rng, choices: "tuple[Any, ...]") -> Any:
    return choices[int(rng.integers(len(choices)))]


def _rgb(hue: float, saturation: float, value: float) -> NDArray[np.float64]:
    return np.array(colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0), 1))) * 255


def _palette(rng: Rng) -> Palette:
    """2 to 4 colours, usually of one family, muted more often than bright."""
    hue, spread_of_hue = _pick(rng, _HUES)
    hue = rng.normal(hue, spread_of_hue)
    saturation, value = rng.beta(1.4, 3.0), rng.beta(2.5, 2.0)
    if rng.random() < 0.15:
        saturation = rng.uniform(0.6, 1.0)
    family = rng.random() < 0.65
    spread = (0.04, 0.1, 0.16) if family else (0.5, 0.3, 0.3)
    steps = rng.normal(0, 1, (int(rng.integers(2, 5)), 3)) * spread
    return tuple(_rgb(hue + h, saturation + s, value + v) for h, s, v in steps)


def _matter(rng: Rng, material: int) -> Palette:
    if material == DARK:
        return tuple(_rgb(rng.random(), 0.15, v) for v in rng.uniform(0.03, 0.3, 2))
    if material == GLASS:
        return tuple(_rgb(rng.uniform(0.45, 0.7), 0.2, v) for v in rng.uniform(0.2, 1.0, 2))
    return _palette(rng)


def _near(rng: Rng, behind: Floats, alpha: Floats) -> Palette:
    """Colours taken from where the object will lie, moved a little: hard to tell from its surroundings."""
    rows, columns = np.nonzero(alpha > 0.5)
    if not len(rows):
        return _palette(rng)
    chosen = rng.integers(0, len(rows), 3)
    shift = rng.normal(0, 14, 3)
    return tuple(behind[rows[i], columns[i]].astype(np.float64) + shift + rng.normal(0, 5, 3) for i in chosen)


def _colorize(field: Floats, colors: "NDArray[np.float64] | Palette", hard: bool = False) -> Floats:
    """Map 0..1 to the ramp through `colors`, in steps when `hard`: float32 (height, width, 3)."""
    colors = np.asarray(colors)
    position = np.linspace(0, len(colors) - 1, 256)
    if hard:
        nearest = np.round(position)
        position = nearest + np.clip((position - nearest) * 8, -0.5, 0.5) * (np.abs(position - nearest) > 0.42)
    table = np.stack([np.interp(position, np.arange(len(colors)), colors[:, c]) for c in range(3)], 1).astype(
        np.float32
    )
    return np.take(table, np.clip(field * 255, 0, 255).astype(np.uint8), axis=0)


def _texture(rng: Rng, height: int, width: int, colors: Palette, size: float, field: "Field | None" = None) -> Floats:
    """A patch of something, float32 (height, width, 3) RGB, its features in proportion to `size` pixels."""
    draw = field or _pick(rng, _FIELDS)
    patch = _colorize(draw(rng, height, width, size), colors, hard=rng.random() < 0.3)
    if rng.random() < 0.75:  # photographs have detail at every scale
        detail = _fractal(rng, height, width, size / rng.uniform(2, 10), 5, rng.uniform(0.5, 0.9))
        patch *= (1 + np.float32(rng.uniform(0.1, 0.7)) * (detail - 0.5))[..., None]
    return patch


def _ramp(height: int, width: int, angle: float) -> Floats:
    """0..1 along the direction `angle` (radians, x towards y)."""
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(math.cos(angle))
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(math.sin(angle))
    longest = np.float32(abs(math.cos(angle)) + abs(math.sin(angle)))
    return np.asarray((across[None, :] + down[:, None]) / longest + 0.5, np.float32)


def _fractal(
    rng: Rng, height: int, width: int, cell: float, octaves: int, persistence: float = 0.6, flatten: float = 1.0
) -> Floats:
    """Value noise, about 0..1: `octaves` layers, each twice as fine; `flatten` < 1 makes features wider than high."""
    total = np.zeros((1, 1), dtype=np.float32)
    weight, weights = 1.0, 0.0
    for _ in range(octaves):
        rows = min(int(height / max(cell * flatten, 1)) + 2, height)
        columns = min(int(width / max(cell, 1)) + 2, width)
        layer = rng.random((rows, columns), dtype=np.float32) * np.float32(weight)
        total = layer + cv2.resize(total, (columns, rows))  # growing with the layers costs a third of full-size layers
        weights += weight
        weight *= persistence
        if cell < 1.5:
            break
        cell /= 2
    total = np.asarray(cv2.resize(total, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    # averaging layers narrows the range; this widens it again
    return np.clip((total / np.float32(weights) - 0.5) * np.float32(1.5) + np.float32(0.5), 0, 1)


def _plain(rng: Rng, height: int, width: int, size: float) -> Floats:
    return np.full((height, width), rng.random(), dtype=np.float32)


def _clouds(rng: Rng, height: int, width: int, size: float) -> Floats:
    return _fractal(
        rng, height, width, size / rng.uniform(1, 8), 5, rng.uniform(0.4, 0.8), math.exp(rng.normal(0, 0.4))
    )


def _grass(rng: Rng, height: int, width: int, size: float) -> Floats:
    """Fibres: noise much finer one way than the other, as in fur, wood, grass and brushed metal."""
    thin = rng.uniform(1.0, 3.0)
    flatten = rng.uniform(4, 14) if rng.random() < 0.5 else 1 / rng.uniform(4, 14)
    return _fractal(rng, height, width, thin / min(flatten, 1), 2, 0.8, flatten)


def _stripes(rng: Rng, height: int, width: int, size: float) -> Floats:
    period = max(size / rng.uniform(2, 16), 4)
    turns = _across(height, width, rng.uniform(0, math.pi)) / np.float32(period)
    if rng.random() < 0.6:
        turns = turns + np.float32(rng.uniform(0.2, 2.5)) * _fractal(rng, height, width, size / 2, 2)
    return 0.5 + 0.5 * np.sin(np.float32(2 * math.pi) * turns)


def _checks(rng: Rng, height: int, width: int, size: float) -> Floats:
    period, angle = max(size / rng.uniform(2, 12), 4), rng.uniform(0, math.pi)
    first = np.sin(_across(height, width, angle) * np.float32(2 * math.pi / period))
    second = np.sin(_across(height, width, angle + math.pi / 2) * np.float32(2 * math.pi / period))
    if rng.random() < 0.5:
        return 0.5 + 0.25 * (np.sign(first) + np.sign(second))  # tartan: three levels
    return np.clip(0.5 + 4 * first * second, 0, 1)


def _grid(rng: Rng, height: int, width: int, size: float) -> Floats:
    """Bricks, tiles or windows: cells of their own level between joints."""
    tall, wide = np.maximum(size / rng.uniform(4, 14, 2), 5)
    rows = np.arange(height, dtype=np.float32)[:, None] / np.float32(tall)
    columns = np.arange(width, dtype=np.float32)[None, :] / np.float32(wide)
    columns = columns + np.floor(rows) * np.float32(rng.choice([0.0, 0.5]))
    levels = rng.uniform(0.3, 1, (64, 64)).astype(np.float32)
    cells = levels[np.floor(rows).astype(int) % 64, np.floor(columns).astype(int) % 64]
    joint = np.float32(rng.uniform(0.06, 0.4))
    return np.where((rows % 1 < joint) | (columns % 1 < joint * np.float32(tall / wide)), np.float32(0), cells)


def _dots(rng: Rng, height: int, width: int, size: float) -> Floats:
    """Spots scattered over an even ground."""
    field = np.full((height, width), 0.1, dtype=np.float32)
    radius = max(size / rng.uniform(10, 40), 1.5)
    for x, y in rng.uniform(0, 1, (int(min(0.25 * height * width / radius**2 / 4, 150)) + 2, 2)) * (width, height):
        spot = int(max(radius * rng.uniform(0.5, 1.3), 1))
        cv2.circle(field, (int(x), int(y)), spot, float(rng.uniform(0.6, 1)), -1, cv2.LINE_8)
    return np.asarray(cv2.GaussianBlur(field, (3, 3), 0), np.float32)


def _cells(rng: Rng, height: int, width: int, size: float) -> Floats:
    """Scales, cobbles, cracked mud: distance to the nearest of scattered points."""
    points = np.ones((height, width), dtype=np.uint8)
    count = int(min(height * width / max(size / rng.uniform(5, 20), 3) ** 2, 600)) + 3
    points[rng.integers(0, height, count), rng.integers(0, width, count)] = 0
    distance = cv2.distanceTransform(points, cv2.DIST_L2, 3)
    return np.clip(distance / max(float(distance.max()) * 0.7, 1e-3), 0, 1)


def _marble(rng: Rng, height: int, width: int, size: float) -> Floats:
    noise = _fractal(rng, height, width, size / rng.uniform(1, 4), 4)
    return np.abs(np.sin(np.float32(rng.uniform(4, 14)) * noise))


def _slope(rng: Rng, height: int, width: int, size: float) -> Floats:
    return _ramp(height, width, rng.uniform(0, 2 * math.pi))


def _glow(rng: Rng, height: int, width: int, size: float) -> Floats:
    x, y = rng.uniform(0, 1, 2) * (width, height)
    across = (np.arange(width, dtype=np.float32) - np.float32(x)) ** 2
    down = (np.arange(height, dtype=np.float32) - np.float32(y)) ** 2
    return np.clip(np.sqrt(across[None, :] + down[:, None]) / np.float32(size), 0, 1)


def _across(height: int, width: int, angle: float) -> Floats:
    """Distance in pixels along the direction `angle`."""
    across = np.arange(width, dtype=np.float32) * np.float32(math.cos(angle))
    return across[None, :] + (np.arange(height, dtype=np.float32) * np.float32(math.sin(angle)))[:, None]


Field = Callable[[Rng, int, int, float], Floats]
_FIELDS: tuple[Field, ...] = (
    _plain, _clouds, _clouds, _clouds, _grass, _grass, _stripes, _checks, _grid, _dots, _cells, _marble, _slope, _glow,
)  # fmt: skip


# ------------------------------------------------------------------------------------------------- kinds of objects


class Sketch:
    """Collects the parts of one object, later ones over earlier ones; x to the right, y down, about -1..1 each way."""

    def __init__(self, thinnest: float = 0.0) -> None:
        """No tube gets a radius below `thinnest`: below a pixel it would show in the picture and not in the mask."""
        self.thinnest = thinnest
        self.parts: list[tuple[Points, int]] = []

    def fill(self, points: Any, material: int = MAIN) -> None:
        """A polygon; long edges are divided so that they bend with the rest."""
        points = np.asarray(points, dtype=np.float64)
        steps = _QUARTERS if len(points) < 12 else _QUARTERS[:, :1]
        following = np.roll(points, -1, axis=0)
        dense = points[:, None] + (following - points)[:, None] * steps
        self.parts.append((dense.reshape(-1, 2), material))

    def curve(self, points: Any, material: int = MAIN) -> None:
        """A closed outline with its corners cut round."""
        points = np.asarray(points, dtype=np.float64)
        for _ in range(3):
            following = np.roll(points, -1, axis=0)
            points = np.stack([0.75 * points + 0.25 * following, 0.25 * points + 0.75 * following], 1).reshape(-1, 2)
        self.parts.append((points, material))

    def oval(self, x: float, y: float, reach_x: float, reach_y: float | None = None, material: int = MAIN) -> None:
        reach_y = reach_x if reach_y is None else reach_y
        self.parts.append((np.array([x, y]) + _CIRCLE * (reach_x, reach_y), material))

    def box(self, left: float, top: float, right: float, bottom: float, material: int = MAIN) -> None:
        self.fill([(left, top), (right, top), (right, bottom), (left, bottom)], material)

    def tube(self, points: Any, radius: Any, material: int = MAIN) -> None:
        """A thick line with round joints; `radius` is one number or one per point."""
        points = np.asarray(points, dtype=np.float64)
        radii = np.broadcast_to(np.maximum(radius, self.thinnest), len(points))
        for i, (point, reach) in enumerate(zip(points, radii, strict=True)):
            self.parts.append((point + _CIRCLE[::3] * reach, material))
            if i:
                along = point - points[i - 1]
                normal = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
                sides = [points[i - 1] + normal * radii[i - 1], point + normal * reach]
                sides += [point - normal * reach, points[i - 1] - normal * radii[i - 1]]
                self.fill(sides, material)


_QUARTERS = np.array([0, 0.25, 0.5, 0.75])[None, :, None]
_TURN = np.linspace(0, 2 * np.pi, 36, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], 1)


def _wobbly(rng: Rng, reach_x: float, reach_y: float, roughness: float) -> Points:
    """A closed smooth outline around 0, 0: an ellipse whose radius has random harmonics."""
    angles = np.linspace(0, 2 * math.pi, 60, endpoint=False)
    radius = np.ones(60)
    for harmonic in range(2, 8):
        radius += rng.normal(0, roughness / harmonic) * np.cos(harmonic * angles + rng.uniform(0, 2 * math.pi))
    radius = np.maximum(radius, 0.25)
    return np.stack([np.cos(angles) * radius * reach_x, np.sin(angles) * radius * reach_y], 1)


def _ball(s: Sketch, rng: Rng) -> None:
    s.oval(0, 0, 1)
    if rng.random() < 0.5:
        x, y = rng.uniform(-0.3, 0.3, 2)
        s.oval(x, y, rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.6), SECOND)
    if rng.random() < 0.3:
        s.oval(0, 0, 0.95, rng.uniform(0.1, 0.3), THIRD)


def _stone(s: Sketch, rng: Rng) -> None:
    s.fill(_wobbly(rng, 1, rng.uniform(0.5, 1), rng.uniform(0.1, 0.9)))
    if rng.random() < 0.35:
        s.fill(_wobbly(rng, 0.5, 0.4, 0.5) + rng.uniform(-0.3, 0.3, 2), SECOND)


def _facet(s: Sketch, rng: Rng) -> None:
    """A polygon of few corners, sometimes cut into facets."""
    angles = np.sort(rng.uniform(0, 2 * math.pi, int(rng.integers(3, 9))))
    angles = np.linspace(0, 2 * math.pi, len(angles), endpoint=False) * 0.6 + angles * 0.4
    corners = np.stack([np.cos(angles), np.sin(angles)], 1)
    s.fill(corners)
    if rng.random() < 0.5:
        middle = rng.uniform(-0.25, 0.25, 2)
        for i in range(0, len(corners) - 1, 2):
            s.fill([corners[i], corners[i + 1], middle], SECOND if i % 4 else THIRD)


def _star(s: Sketch, rng: Rng) -> None:
    points = int(rng.integers(4, 10))
    angles = np.linspace(0, 2 * math.pi, 2 * points, endpoint=False)
    radius = np.where(np.arange(2 * points) % 2, rng.uniform(0.3, 0.7), 1)
    outline = np.stack([np.cos(angles), np.sin(angles)], 1) * radius[:, None]
    (s.fill if rng.random() < 0.6 else s.curve)(outline)
    if rng.random() < 0.4:
        s.oval(0, 0, rng.uniform(0.15, 0.3), material=SECOND if rng.random() < 0.5 else _CUT)


def _ring(s: Sketch, rng: Rng) -> None:
    flat, hole = rng.uniform(0.5, 1), rng.uniform(0.35, 0.85)
    for link in range(int(rng.integers(1, 4)) if rng.random() < 0.3 else 1):
        x = link * 1.3
        s.oval(x, 0, 1, flat, MAIN if link % 2 == 0 else SECOND)
        if rng.random() < 0.5:
            s.oval(x, 0, (1 + hole) / 2, flat * (1 + hole) / 2, SECOND)
        s.oval(x, 0, hole, flat * hole - 0.05, _CUT)


_GLYPHS: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "A": (((-0.7, 1), (0, -1), (0.7, 1)), ((-0.4, 0.3), (0.4, 0.3))),
    "B": (
        ((-0.6, -1), (-0.6, 1), (0.3, 1), (0.6, 0.5), (0.3, 0), (-0.6, 0)),
        ((-0.6, -1), (0.2, -1), (0.5, -0.5), (0.2, 0)),
    ),
    "E": (((0.6, -1), (-0.6, -1), (-0.6, 1), (0.6, 1)), ((-0.6, 0), (0.4, 0))),
    "H": (((-0.6, -1), (-0.6, 1)), ((0.6, -1), (0.6, 1)), ((-0.6, 0), (0.6, 0))),
    "K": (((-0.6, -1), (-0.6, 1)), ((0.6, -1), (-0.6, 0.1), (0.6, 1))),
    "P": (((-0.6, 1), (-0.6, -1), (0.3, -1), (0.6, -0.5), (0.3, 0), (-0.6, 0)),),
    "S": (((0.6, -0.8), (0, -1), (-0.6, -0.6), (-0.3, -0.1), (0.4, 0.1), (0.6, 0.6), (0, 1), (-0.6, 0.8)),),
    "4": (((0.3, 1), (0.3, -1), (-0.7, 0.4), (0.7, 0.4)),),
    "8": (((0, 0), (0.5, -0.5), (0, -1), (-0.5, -0.5), (0, 0), (0.6, 0.5), (0, 1), (-0.6, 0.5), (0, 0)),),
    "#": (((-0.3, -1), (-0.4, 1)), ((0.4, -1), (0.3, 1)), ((-0.8, -0.4), (0.8, -0.4)), ((-0.8, 0.4), (0.8, 0.4))),
}  # fmt: skip


def _letter(s: Sketch, rng: Rng) -> None:
    radius = rng.uniform(0.07, 0.24)
    for stroke in _GLYPHS[_pick(rng, tuple(_GLYPHS))]:
        s.tube(stroke, radius)


def _rope(s: Sketch, rng: Rng) -> None:
    """A cable, snake or hose: one long bend, sometimes two-coloured."""
    turn = np.cumsum(rng.normal(0, 0.35, 26) + rng.normal(0, 0.12))
    path = np.cumsum(np.stack([np.cos(turn), np.sin(turn)], 1) * 0.14, axis=0)
    thick = rng.uniform(0.025, 0.13)
    radii = np.full(26, thick) if rng.random() < 0.6 else np.linspace(1.3 * thick, 0.3 * thick, 26)
    s.tube(path, radii)
    if rng.random() < 0.4:
        middle = int(rng.integers(5, 20))
        s.tube(path[middle:], radii[middle:], SECOND)
    if rng.random() < 0.4:
        s.oval(path[0, 0], path[0, 1], thick * 1.8, thick * 1.5, MAIN)


def _crate(s: Sketch, rng: Rng) -> None:
    """A box seen from a corner: three faces."""
    wide, deep, tall = rng.uniform(0.4, 1.2), rng.uniform(0.2, 0.8), rng.uniform(0.4, 1.6)
    rise = rng.uniform(0.1, 0.4)
    near, left, right = np.array([0.0, 0.0]), np.array([-wide, -rise * wide]), np.array([deep, -rise * deep])
    up = np.array([0, -tall])
    s.fill([near, left, left + up, near + up], MAIN)
    s.fill([near, right, right + up, near + up], SECOND)
    s.fill([near + up, left + up, left + right + up, right + up], THIRD)
    if rng.random() < 0.4:  # a label or a door on the front
        s.fill([near + left * a + up * b for a, b in ((0.25, 0.3), (0.75, 0.3), (0.75, 0.7), (0.25, 0.7))], DARK)


def _bottle(s: Sketch, rng: Rng) -> None:
    """A body of revolution: bottles, vases, jugs."""
    heights = np.linspace(1, -1, 8)
    radii = rng.uniform(0.25, 0.6) * np.exp(rng.normal(0, 0.25, 8))
    if rng.random() < 0.6:
        radii[5:] = rng.uniform(0.1, 0.2)
    outline = [*zip(radii, heights, strict=True), *zip(-radii[::-1], heights[::-1], strict=True)]
    (s.curve if rng.random() < 0.7 else s.fill)(outline, GLASS if rng.random() < 0.3 else MAIN)
    if rng.random() < 0.5:
        wide = float(radii[2:4].min()) * 0.9
        s.box(-wide, 0.0, wide, 0.5, SECOND)
    if rng.random() < 0.5:
        s.box(-radii[-1] * 1.1, -1.15, radii[-1] * 1.1, -0.85, THIRD)
    if rng.random() < 0.3:
        s.tube([(radii[4], -0.1), (0.85, -0.1), (0.9, 0.4), (radii[2], 0.5)], 0.06)


def _cup(s: Sketch, rng: Rng) -> None:
    s.oval(0.75, 0.0, 0.4, rng.uniform(0.3, 0.5))
    s.oval(0.75, 0.0, 0.26, 0.25, _CUT)
    low = rng.uniform(0.4, 0.7)
    s.fill([(-0.75, -0.7), (0.75, -0.7), (low, 0.75), (-low, 0.75)])
    s.oval(0, 0.75, low, 0.15)
    s.oval(0, -0.7, 0.75, 0.2, SECOND)
    s.oval(0, -0.68, 0.65, 0.14, DARK)
    if rng.random() < 0.5:
        s.oval(0, 0.95, 1.1, 0.15, THIRD)


def _person(s: Sketch, rng: Rng) -> None:
    """Head, hair, top, trousers; arms and legs at random angles."""
    skin, top, trousers = THIRD, MAIN, SECOND
    plump = rng.uniform(0.8, 1.4)

    def limb(
        start: tuple[float, float], lean: float, lengths: tuple[float, float], radius: float, sleeve: int, end: int
    ) -> None:
        bend = lean + rng.normal(0, 0.5)
        joint = (start[0] + math.sin(lean) * lengths[0], start[1] + math.cos(lean) * lengths[0])
        tip = (joint[0] + math.sin(bend) * lengths[1], joint[1] + math.cos(bend) * lengths[1])
        s.tube([start, joint], [radius, radius * 0.85], sleeve)
        s.tube([joint, tip], [radius * 0.8, radius * 0.6], sleeve if rng.random() < 0.5 else skin)
        s.oval(*tip, radius * 0.9, radius * 0.8, end)

    limb((-0.2 * plump, -0.42), rng.normal(-0.5, 0.5), (0.36, 0.34), 0.085, top, skin)
    for side in (-1, 1):
        limb((side * 0.12, 0.2), rng.normal(side * 0.12, 0.3), (0.42, 0.42), 0.11 * plump, trousers, DARK)
    if rng.random() < 0.3:
        s.fill([(-0.16, 0), (0.16, 0), (0.4, 0.6), (-0.4, 0.6)], trousers)
    s.tube([(0, -0.5), (0, -0.75)], 0.07, skin)
    s.curve(
        [
            (-0.3, -0.55),
            (0.3, -0.55),
            (0.24 * plump, 0.0),
            (0.22 * plump, 0.3),
            (-0.22 * plump, 0.3),
            (-0.24 * plump, 0),
        ],
        top,
    )
    if rng.random() < 0.7:
        s.oval(0, -0.85, 0.17, 0.2, DARK)
    s.oval(rng.normal(0, 0.03), -0.8, 0.145, 0.17, skin)
    if rng.random() < 0.3:
        s.fill([(-0.25, -0.9), (0.25, -0.9), (0.15, -1.1), (-0.15, -1.1)], DARK)
    limb((0.24 * plump, -0.42), rng.normal(0.5, 0.5), (0.36, 0.34), 0.085, top, skin)
    if rng.random() < 0.25:
        s.box(0.2, 0.05, 0.55, 0.45, DARK)


def _beast(s: Sketch, rng: Rng) -> None:
    """An animal on four legs: from dog to giraffe to cow, by its proportions."""
    legs, neck, girth = rng.uniform(0.3, 0.9), rng.uniform(0.15, 0.8), rng.uniform(0.22, 0.42)
    thin = rng.uniform(0.035, 0.1)
    for x, far in ((-0.55, True), (0.42, True), (-0.65, False), (0.55, False)):
        knee = x + rng.normal(0, 0.1)
        foot = knee + rng.normal(0, 0.12)
        s.tube(
            [(x, 0.1), (knee, 0.1 + legs * 0.55), (foot, 0.1 + legs)],
            [thin * 1.6, thin, thin * 0.8],
            SECOND if far and rng.random() < 0.4 else MAIN,
        )
    swing = rng.normal(0, 0.3)
    s.tube([(-0.75, -0.1), (-0.95, 0.05 + swing), (-1.1, 0.1 + swing * 2)], [thin, thin * 0.6, thin * 0.5], MAIN)
    s.curve(
        [
            (-0.85, -0.1),
            (-0.6, -girth),
            (0.0, -girth * 0.85),
            (0.6, -girth),
            (0.85, 0),
            (0.6, girth * 0.9),
            (0, girth),
            (-0.6, girth * 0.8),
        ]
    )
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(1, 5))):
            s.fill(_wobbly(rng, 0.16, 0.1, 0.5) + rng.uniform((-0.5, -0.1), (0.5, 0.1)), SECOND)
    x, y = 0.75 + neck * rng.uniform(0.2, 0.7), -girth * 0.5 - neck
    s.tube([(0.6, -0.1), (x, y)], [girth * 0.65, 0.13])
    for side in (-0.1, 0.06):
        s.fill(
            [
                (x + side - 0.05, y - 0.08),
                (x + side + 0.08, y - 0.08),
                (x + side + rng.normal(0, 0.08), y - rng.uniform(0.2, 0.4)),
            ],
            SECOND,
        )
    s.tube([(x, y), (x + rng.uniform(0.2, 0.4), y + 0.1)], [0.17, 0.09])
    s.oval(x + 0.07, y - 0.04, 0.03, material=DARK)


def _bird(s: Sketch, rng: Rng) -> None:
    thin = 0.025
    for x in (-0.1, 0.12):
        s.tube([(x, 0.3), (x + 0.03, 0.8), (x + 0.2, 0.82)], thin, DARK)
    s.fill([(-0.5, 0.0), (-1.2, rng.uniform(-0.3, 0.4)), (-1.1, rng.uniform(0.3, 0.5)), (-0.4, 0.25)], SECOND)
    s.curve([(-0.75, 0.1), (-0.3, -0.35), (0.3, -0.45), (0.65, -0.1), (0.3, 0.4), (-0.3, 0.4)])
    neck = rng.uniform(0.0, 0.5)
    s.tube([(0.4, -0.2), (0.55, -0.5 - neck)], [0.25, 0.16])
    s.oval(0.6, -0.55 - neck, 0.22, 0.2, THIRD if rng.random() < 0.4 else MAIN)
    s.fill([(0.75, -0.65 - neck), (1.15, -0.5 - neck), (0.75, -0.45 - neck)], SECOND)
    s.oval(0.66, -0.6 - neck, 0.04, material=DARK)
    if rng.random() < 0.4:
        s.fill([(-0.3, 0), (0.3, -0.1), (-0.2, -rng.uniform(0.8, 1.2)), (-0.6, -0.8)], SECOND)
    else:
        s.curve([(-0.6, 0.1), (0.0, -0.25), (0.35, -0.05), (-0.1, 0.25)], SECOND)


def _fish(s: Sketch, rng: Rng) -> None:
    deep = rng.uniform(0.25, 0.7)
    s.fill([(-0.6, 0), (-1.15, -rng.uniform(0.2, 0.6)), (-0.95, 0), (-1.15, rng.uniform(0.2, 0.6))], SECOND)
    s.fill([(-0.4, -deep * 0.5), (0.0, -deep - rng.uniform(0.1, 0.4)), (0.4, -deep * 0.5)], SECOND)
    s.fill([(-0.1, deep * 0.4), (-0.3, deep + rng.uniform(0.1, 0.3)), (0.2, deep * 0.4)], SECOND)
    s.curve([(-0.85, 0), (-0.3, -deep), (0.5, -deep), (1.0, 0), (0.5, deep), (-0.3, deep)])
    s.oval(0.6, -0.08, 0.08, material=THIRD)
    s.oval(0.62, -0.08, 0.04, material=DARK)
    if rng.random() < 0.4:
        for x in (-0.2, 0.15):
            s.box(x, -deep * 0.6, x + 0.12, deep * 0.6, THIRD)


def _car(s: Sketch, rng: Rng) -> None:
    roof, hood = rng.uniform(0.3, 0.6), rng.uniform(0.5, 0.75)
    back = rng.uniform(-0.9, -0.5)
    s.curve([(back, -0.05), (back + 0.15, -roof), (0.25, -roof), (hood, -0.05)])
    s.curve([(-1.05, -0.1), (-0.5, -0.12), (0.6, -0.12), (1.05, 0.0), (1.1, 0.3), (-1.05, 0.32)])
    s.fill([(back + 0.12, -0.1), (back + 0.24, -roof + 0.09), (-0.16, -roof + 0.09), (-0.16, -0.1)], GLASS)
    s.fill([(-0.08, -0.1), (-0.08, -roof + 0.09), (0.2, -roof + 0.09), (hood - 0.16, -0.1)], GLASS)
    if rng.random() < 0.5:
        s.box(-1.0, 0.05, 1.05, 0.13, SECOND)
    s.oval(1.0, 0.08, 0.07, 0.06, THIRD)
    wheel = rng.uniform(0.17, 0.25)
    for x in (-0.62, 0.62):
        s.oval(x, 0.3, wheel, material=DARK)
        s.oval(x, 0.3, wheel * 0.5, material=THIRD)


def _lorry(s: Sketch, rng: Rng) -> None:
    """Trucks and buses."""
    bus = rng.random() < 0.45
    tall = rng.uniform(0.5, 0.8)
    s.box(-1.1, -tall, 1.1 if bus else 0.5, 0.35)
    if bus:
        for x in np.arange(-1.0, 0.95, 0.32):
            s.box(x, -tall + 0.12, x + 0.25, -0.1, GLASS)
        s.box(-1.1, 0.05, 1.1, 0.15, SECOND)
    else:
        s.fill([(0.55, -0.35), (0.85, -0.35), (1.1, -0.02), (1.12, 0.35), (0.55, 0.35)], SECOND)
        s.fill([(0.68, -0.27), (0.83, -0.27), (0.98, 0.0), (0.68, 0.0)], GLASS)
        s.box(-1.1, 0.25, 1.0, 0.37, DARK)
    for x in (-0.75, -0.45, 0.75) if rng.random() < 0.5 else (-0.7, 0.72):
        s.oval(x, 0.38, 0.17, material=DARK)
        s.oval(x, 0.38, 0.08, material=THIRD)


def _bicycle(s: Sketch, rng: Rng) -> None:
    """Thin parts and large holes; a motorcycle when its parts are thick."""
    wheel, thin = rng.uniform(0.38, 0.48), rng.uniform(0.02, 0.05)
    motor = rng.random() < 0.3
    back, front, pedal, saddle, bars = (-0.6, 0.3), (0.62, 0.3), (-0.05, 0.35), (-0.22, -0.3), (0.42, -0.35)
    for x, y in (back, front):
        s.oval(x, y, wheel, material=DARK)
        s.oval(x, y, wheel - (0.14 if motor else 2.2 * thin), material=_CUT)
        for angle in rng.uniform(0, math.pi) + np.arange(4) * math.pi / 4:
            reach = np.array([math.cos(angle), math.sin(angle)]) * (wheel - thin)
            s.tube([np.array([x, y]) - reach, np.array([x, y]) + reach], 0.012, THIRD)
    s.tube([back, pedal, bars, saddle, pedal], thin)
    s.tube([back, saddle, (saddle[0] - 0.03, saddle[1] - 0.12)], thin)
    s.tube([front, bars, (bars[0] - 0.04, bars[1] - 0.16), (bars[0] + 0.15, bars[1] - 0.2)], thin, MAIN)
    s.oval(saddle[0] - 0.03, saddle[1] - 0.13, 0.17, 0.05, DARK)
    s.oval(*pedal, 0.09, material=SECOND)
    if motor:
        s.curve([(-0.5, -0.2), (0.1, -0.3), (0.4, -0.1), (0.2, 0.35), (-0.3, 0.35)], MAIN)


def _boat(s: Sketch, rng: Rng) -> None:
    s.fill([(-1, 0.4), (1.1, 0.35), (0.75, 0.8), (-0.75, 0.8)])
    s.fill([(-1, 0.4), (1.1, 0.35), (1.05, 0.46), (-0.97, 0.5)], SECOND)
    if rng.random() < 0.65:
        s.tube([(0, 0.4), (0, -1.1)], 0.025, DARK)
        s.curve([(0.05, -1.0), (0.05, 0.2), (rng.uniform(0.4, 0.9), 0.2), (0.3, -0.4)], SECOND)
        s.fill([(-0.05, -0.9), (-0.05, 0.2), (-rng.uniform(0.4, 0.9), 0.2)], THIRD)
    else:
        s.box(-0.5, -0.05, 0.35, 0.4, THIRD)
        for x in (-0.4, -0.1, 0.15):
            s.oval(x, 0.12, 0.08, material=GLASS)
        s.box(-0.2, -0.5, 0.05, -0.05, DARK)


def _plane(s: Sketch, rng: Rng) -> None:
    s.fill([(-0.1, 0.0), (0.25, 0.0), (-0.3, -rng.uniform(0.5, 0.9)), (-0.5, -0.6)], SECOND)
    s.curve([(-1.1, -0.05), (-0.9, -0.12), (0.7, -0.14), (1.15, 0.03), (0.7, 0.15), (-0.8, 0.1)])
    s.fill([(-0.75, -0.05), (-1.15, -rng.uniform(0.35, 0.55)), (-1.0, -0.5), (-0.5, -0.05)], THIRD)
    s.fill([(0.2, 0.04), (-0.1, 0.04), (-0.55, rng.uniform(0.5, 1.0)), (-0.3, 0.75)], SECOND)
    for x in np.arange(-0.5, 0.7, 0.15):
        s.oval(x, -0.04, 0.03, material=GLASS)


def _tree(s: Sketch, rng: Rng) -> None:
    """A trunk that forks; bare, or under crowns of leaves."""
    bare = rng.random() < 0.35
    tips = []
    branches = [(np.array([0.0, 1.0]), rng.normal(0, 0.08), rng.uniform(0.5, 0.75), rng.uniform(0.06, 0.13))]
    for _ in range(4 if bare else 3):
        grown = []
        for start, lean, length, radius in branches:
            tip = start + np.array([math.sin(lean), -math.cos(lean)]) * length
            s.tube([start, tip], [radius, radius * 0.65], SECOND)
            tips.append(tip)
            for side in (-1, 1):
                grown.append(
                    (tip, lean + side * rng.uniform(0.15, 0.75), length * rng.uniform(0.55, 0.85), radius * 0.6)
                )
        branches = grown
    if not bare:
        for tip in tips[1:]:
            s.fill(
                _wobbly(rng, rng.uniform(0.2, 0.4), rng.uniform(0.2, 0.35), 0.6) + tip,
                MAIN if rng.random() < 0.8 else THIRD,
            )


def _flower(s: Sketch, rng: Rng) -> None:
    """A plant on a thin stem, sometimes in a pot."""
    x = rng.normal(0, 0.2)
    s.tube([(0, 1), (x * 0.3, 0.3), (x, -0.5)], 0.035, SECOND)
    for side in (-1, 1):
        y = rng.uniform(0, 0.7)
        s.curve([(0, y), (side * 0.3, y - 0.3), (side * 0.7, y - 0.25), (side * 0.35, y)], SECOND)
    petals = int(rng.integers(4, 10))
    for angle in np.linspace(0, 2 * math.pi, petals, endpoint=False) + rng.uniform(0, 1):
        along = np.array([math.cos(angle), math.sin(angle)])
        out = np.array([-along[1], along[0]]) * 1.4 / petals
        center = np.array([x, -0.5])
        s.curve([center, center + along * 0.35 + out, center + along * 0.6, center + along * 0.35 - out])
    s.oval(x, -0.5, 0.15, material=THIRD)
    if rng.random() < 0.4:
        s.fill([(-0.4, 0.8), (0.4, 0.8), (0.28, 1.4), (-0.28, 1.4)], DARK)


def _umbrella(s: Sketch, rng: Rng) -> None:
    """Sectors over a thin stick with a hook."""
    thin = rng.uniform(0.02, 0.04)
    s.tube([(0, -0.75), (0, 0.85), (0.08, 0.97), (0.2, 0.95), (0.24, 0.82)], thin, DARK)
    angles = np.linspace(math.pi, 2 * math.pi, 25)
    rim = np.stack([np.cos(angles), np.sin(angles) * rng.uniform(0.6, 0.9)], 1)
    ribs = int(rng.integers(3, 7))
    corners = np.linspace(-1, 1, ribs + 1)
    s.fill(rim)
    for i in range(ribs):
        middle = (corners[i] + corners[i + 1]) / 2
        if i % 2:
            s.fill([(0, rim[:, 1].min() + 0.01), (corners[i] * 0.97, -0.02), (corners[i + 1] * 0.97, -0.02)], SECOND)
        s.oval(middle, 0.03, 1.02 / ribs, 0.11, _CUT)
    s.tube([(0, -0.05), (0, 0.5)], thin, DARK)


def _chair(s: Sketch, rng: Rng) -> None:
    """Chairs, benches and tables: legs and slats with gaps between."""
    wide, thin = rng.uniform(0.4, 1.1), rng.uniform(0.03, 0.08)
    depth = rng.uniform(0.1, 0.4)
    for x, y in ((-wide + depth, 0.75), (wide + depth * 0.5, 0.75)):
        s.tube([(x, 0.0), (x, y)], thin, DARK)
    if rng.random() < 0.75:
        for x in (-wide + depth, wide + depth * 0.5):
            s.tube([(x, 0.0), (x + 0.05, -0.9)], thin)
        for y in np.linspace(-0.85, -0.2, int(rng.integers(2, 6))):
            s.tube([(-wide + depth, y), (wide + depth * 0.5, y)], rng.uniform(0.03, 0.08), SECOND)
    s.fill([(-wide, 0.12), (wide, 0.12), (wide + depth * 0.6, -0.08), (-wide + depth, -0.08)], MAIN)
    s.box(-wide, 0.1, wide, 0.2, SECOND)
    for x in (-wide + thin, wide - thin):
        s.tube([(x, 0.15), (x, 0.98)], thin, MAIN)


def _lamp(s: Sketch, rng: Rng) -> None:
    """A thin pole with something on top: lamps, street lights."""
    thin = rng.uniform(0.02, 0.045)
    if rng.random() < 0.5:
        s.tube([(0, 1), (0, -0.5)], thin, DARK)
        s.oval(0, 1, 0.35, 0.07, DARK)
        narrow = rng.uniform(0.1, 0.3)
        s.fill([(-narrow, -1), (narrow, -1), (0.45, -0.4), (-0.45, -0.4)])
    else:
        s.tube([(0, 1), (0, -0.8), (0.12, -0.98), (0.5, -1.0)], [1.6 * thin, thin, thin, thin], DARK)
        s.curve([(0.35, -1.08), (0.8, -1.05), (0.85, -0.95), (0.35, -0.92)])


def _sign(s: Sketch, rng: Rng) -> None:
    """A plate with something on it, on one or two posts."""
    thin = rng.uniform(0.025, 0.06)
    board = rng.random() < 0.4
    for x in (-0.5, 0.5) if board else (0.0,):
        s.tube([(x, -0.4), (x, 1)], thin, DARK)
    corners = int(rng.choice([3, 4, 8, 36]))
    turn = {3: -math.pi / 2, 4: 0.0, 8: math.pi / 8}.get(corners, 0.0)
    angles = np.linspace(0, 2 * math.pi, corners, endpoint=False) + turn
    plate = np.stack([np.cos(angles), np.sin(angles)], 1) * 0.5 + (0, -0.6)
    if board:
        plate = np.array([(-0.9, -1.1), (0.9, -1.1), (0.9, -0.2), (-0.9, -0.2)])
    s.fill(plate, SECOND)
    s.fill((plate - plate.mean(0)) * 0.8 + plate.mean(0), MAIN)
    for stroke in _GLYPHS[_pick(rng, tuple(_GLYPHS))]:
        s.tube(np.array(stroke) * 0.18 + plate.mean(0), 0.045, DARK if rng.random() < 0.7 else THIRD)


def _tool(s: Sketch, rng: Rng) -> None:
    """Keys, spoons, forks, hammers, scissors, rackets."""
    form = int(rng.integers(5))
    s.tube([(0, 0.95), (0, -0.35)], rng.uniform(0.05, 0.1), SECOND if form != 0 else MAIN)
    if form == 0:
        s.oval(0, -0.6, 0.35)
        s.oval(0, -0.65, 0.17, material=_CUT)
        s.box(0, 0.55, 0.3, 0.66)
        s.box(0, 0.78, 0.24, 0.9)
    elif form == 1:
        s.oval(0, -0.6, 0.27, 0.4)
    elif form == 2:
        s.box(-0.25, -0.5, 0.25, -0.3)
        for x in (-0.2, -0.07, 0.07, 0.2):
            s.tube([(x, -0.4), (x, -1.0)], 0.04)
    elif form == 3:
        s.fill([(-0.5, -0.7), (0.3, -0.75), (0.6, -0.5), (0.3, -0.35), (-0.5, -0.35)])
    else:
        s.oval(0, -0.7, 0.42, 0.5)
        s.oval(0, -0.7, 0.36, 0.44, _CUT)
        for i in (-0.24, -0.12, 0, 0.12, 0.24):
            s.tube([(i, -1.08), (i, -0.3)], 0.009, THIRD)
            s.tube([(-0.36, i - 0.7), (0.36, i - 0.7)], 0.009, THIRD)


def _leaf(s: Sketch, rng: Rng) -> None:
    wide = rng.uniform(0.2, 0.6)
    s.curve([(0, -1.1), (wide, -0.5), (wide * 1.1, 0.1), (0, 0.75), (-wide * 1.1, 0.1), (-wide, -0.5)])
    s.tube([(0, 1.1), (0, 0.5), (0, -0.8)], [0.04, 0.03, 0.01], SECOND)
    for y in (-0.4, -0.05, 0.3):
        for side in (-1, 1):
            s.tube([(0, y), (side * wide * 0.6, y - 0.25)], 0.012, SECOND)


def _frame(s: Sketch, rng: Rng) -> None:
    """Windows, fences, racks, ladders: bars that leave holes of the background."""
    wide, thin = rng.uniform(0.4, 1.2), rng.uniform(0.03, 0.1)
    for x in np.linspace(-wide, wide, int(rng.integers(2, 6))):
        s.tube([(x, -0.9), (x, 0.9)], thin)
    for y in np.linspace(-0.8, 0.8, int(rng.integers(2, 6))):
        s.tube([(-wide, y), (wide, y)], thin, SECOND if rng.random() < 0.4 else MAIN)


@dataclass(frozen=True)
class Kind:
    """A kind of object: its class name, how it is drawn, whether it stands upright, Vistas labels it passes for."""

    name: str
    draw: Callable[[Sketch, Rng], None]
    upright: bool
    vistas: tuple[str, ...]


KINDS: tuple[Kind, ...] = (
    Kind("ball", _ball, False, ("Fire Hydrant", "Manhole", "Traffic Light")),
    Kind("beast", _beast, True, ("Ground Animal",)),
    Kind("bicycle", _bicycle, True, ("Bicycle", "Motorcycle")),
    Kind("bird", _bird, True, ("Bird",)),
    Kind("boat", _boat, True, ("Boat",)),
    Kind("bottle", _bottle, True, ("Fire Hydrant", "Trash Can")),
    Kind("car", _car, True, ("Car", "Car", "Caravan", "Other Vehicle")),
    Kind("chair", _chair, True, ("Bench", "Bike Rack")),
    Kind("crate", _crate, True, ("Junction Box", "Mailbox", "Phone Booth", "Trash Can")),
    Kind("cup", _cup, True, ("Trash Can", "Wheeled Slow")),
    Kind("facet", _facet, False, ("Banner", "Catch Basin", "Traffic Sign (Back)")),
    Kind("fish", _fish, False, ("Ground Animal",)),
    Kind("flower", _flower, True, ("Street Light", "Banner")),
    Kind("frame", _frame, True, ("Bike Rack", "Traffic Sign Frame", "Crosswalk - Plain")),
    Kind("lamp", _lamp, True, ("Street Light", "CCTV Camera")),
    Kind("leaf", _leaf, False, ("Banner",)),
    Kind("letter", _letter, False, ("Lane Marking - Crosswalk", "Billboard")),
    Kind("lorry", _lorry, True, ("Truck", "Bus", "Trailer")),
    Kind("person", _person, True, ("Person", "Person", "Bicyclist", "Motorcyclist", "Other Rider")),
    Kind("plane", _plane, False, ("Other Vehicle",)),
    Kind("ring", _ring, False, ("Catch Basin", "Manhole")),
    Kind("rope", _rope, False, ("Pole", "Bike Rack")),
    Kind("sign", _sign, True, ("Traffic Sign (Front)", "Traffic Sign (Back)", "Billboard")),
    Kind("star", _star, False, ("Traffic Light", "Banner")),
    Kind("stone", _stone, False, ("Ground Animal", "Trash Can", "Other Vehicle")),
    Kind("tool", _tool, False, ("Utility Pole", "Phone Booth", "Wheeled Slow")),
    Kind("tree", _tree, True, ("Utility Pole", "Pole")),
    Kind("umbrella", _umbrella, True, ("Banner", "Billboard")),
)


# name, readable name, whether it has instances, colour: the label list of Mapillary Vistas 1.2, in its order
_VISTAS = (
    ("animal--bird", "Bird", True, (165, 42, 42)),
    ("animal--ground-animal", "Ground Animal", True, (0, 192, 0)),
    ("construction--barrier--curb", "Curb", False, (196, 196, 196)),
    ("construction--barrier--fence", "Fence", False, (190, 153, 153)),
    ("construction--barrier--guard-rail", "Guard Rail", False, (180, 165, 180)),
    ("construction--barrier--other-barrier", "Barrier", False, (90, 120, 150)),
    ("construction--barrier--wall", "Wall", False, (102, 102, 156)),
    ("construction--flat--bike-lane", "Bike Lane", False, (128, 64, 255)),
    ("construction--flat--crosswalk-plain", "Crosswalk - Plain", True, (140, 140, 200)),
    ("construction--flat--curb-cut", "Curb Cut", False, (170, 170, 170)),
    ("construction--flat--parking", "Parking", False, (250, 170, 160)),
    ("construction--flat--pedestrian-area", "Pedestrian Area", False, (96, 96, 96)),
    ("construction--flat--rail-track", "Rail Track", False, (230, 150, 140)),
    ("construction--flat--road", "Road", False, (128, 64, 128)),
    ("construction--flat--service-lane", "Service Lane", False, (110, 110, 110)),
    ("construction--flat--sidewalk", "Sidewalk", False, (244, 35, 232)),
    ("construction--structure--bridge", "Bridge", False, (150, 100, 100)),
    ("construction--structure--building", "Building", False, (70, 70, 70)),
    ("construction--structure--tunnel", "Tunnel", False, (150, 120, 90)),
    ("human--person", "Person", True, (220, 20, 60)),
    ("human--rider--bicyclist", "Bicyclist", True, (255, 0, 0)),
    ("human--rider--motorcyclist", "Motorcyclist", True, (255, 0, 100)),
    ("human--rider--other-rider", "Other Rider", True, (255, 0, 200)),
    ("marking--crosswalk-zebra", "Lane Marking - Crosswalk", True, (200, 128, 128)),
    ("marking--general", "Lane Marking - General", False, (255, 255, 255)),
    ("nature--mountain", "Mountain", False, (64, 170, 64)),
    ("nature--sand", "Sand", False, (230, 160, 50)),
    ("nature--sky", "Sky", False, (70, 130, 180)),
    ("nature--snow", "Snow", False, (190, 255, 255)),
    ("nature--terrain", "Terrain", False, (152, 251, 152)),
    ("nature--vegetation", "Vegetation", False, (107, 142, 35)),
    ("nature--water", "Water", False, (0, 170, 30)),
    ("object--banner", "Banner", True, (255, 255, 128)),
    ("object--bench", "Bench", True, (250, 0, 30)),
    ("object--bike-rack", "Bike Rack", True, (100, 140, 180)),
    ("object--billboard", "Billboard", True, (220, 220, 220)),
    ("object--catch-basin", "Catch Basin", True, (220, 128, 128)),
    ("object--cctv-camera", "CCTV Camera", True, (222, 40, 40)),
    ("object--fire-hydrant", "Fire Hydrant", True, (100, 170, 30)),
    ("object--junction-box", "Junction Box", True, (40, 40, 40)),
    ("object--mailbox", "Mailbox", True, (33, 33, 33)),
    ("object--manhole", "Manhole", True, (100, 128, 160)),
    ("object--phone-booth", "Phone Booth", True, (142, 0, 0)),
    ("object--pothole", "Pothole", False, (70, 100, 150)),
    ("object--street-light", "Street Light", True, (210, 170, 100)),
    ("object--support--pole", "Pole", True, (153, 153, 153)),
    ("object--support--traffic-sign-frame", "Traffic Sign Frame", True, (128, 128, 128)),
    ("object--support--utility-pole", "Utility Pole", True, (0, 0, 80)),
    ("object--traffic-light", "Traffic Light", True, (250, 170, 30)),
    ("object--traffic-sign--back", "Traffic Sign (Back)", True, (192, 192, 192)),
    ("object--traffic-sign--front", "Traffic Sign (Front)", True, (220, 220, 0)),
    ("object--trash-can", "Trash Can", True, (140, 140, 20)),
    ("object--vehicle--bicycle", "Bicycle", True, (119, 11, 32)),
    ("object--vehicle--boat", "Boat", True, (150, 0, 255)),
    ("object--vehicle--bus", "Bus", True, (0, 60, 100)),
    ("object--vehicle--car", "Car", True, (0, 0, 142)),
    ("object--vehicle--caravan", "Caravan", True, (0, 0, 90)),
    ("object--vehicle--motorcycle", "Motorcycle", True, (0, 0, 230)),
    ("object--vehicle--on-rails", "On Rails", False, (0, 80, 100)),
    ("object--vehicle--other-vehicle", "Other Vehicle", True, (128, 64, 64)),
    ("object--vehicle--trailer", "Trailer", True, (0, 0, 110)),
    ("object--vehicle--truck", "Truck", True, (0, 0, 70)),
    ("object--vehicle--wheeled-slow", "Wheeled Slow", True, (0, 0, 192)),
    ("void--car-mount", "Car Mount", False, (32, 32, 32)),
    ("void--ego-vehicle", "Ego Vehicle", False, (120, 10, 10)),
    ("void--unlabeled", "Unlabeled", False, (0, 0, 0)),
)
