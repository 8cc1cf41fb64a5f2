"""`python -m model predict`: masks for every image of a project, from the points in its annotations."""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from model.clicks.promises import obey
from model.drawing import Picture, captioned, contact_sheet, fitted, overlay, write_picture
from model.errors import UserError
from model.inference.backend import is_exported
from model.inference.config import (
    ALL,
    Bboxes,
    FullImage,
    InferenceConfig,
    Mode,
    Names,
    Roi,
    Sides,
    SlidingWindow,
    pixels,
    read_inference_config,
)
from model.inference.device import add_machine_options, device_for
from model.inference.predictor import Predictor, binarise
from model.projects.labelled import LabelledImage, LabelledImages, clicks_of, open_images
from model.training.config import SpecialClasses, nearest
from model.weights import zoo
from pipelines.clicks import Click, Mask
from pipelines.figures import Bitmap, Figure, Rectangle
from pipelines.formats.supervisely import Annotation, annotation_json, meta_json
from pipelines.image import Rect
from pipelines.meta import ClassSpec, Meta, MetaConflict

EPILOG = """example:
  python -m model predict configs/inference/tutorial.json --weights runs/first --input PROJECT --output RESULT

PROJECT is a Supervisely project folder or a dataset of `python -m pipelines run`. The points of its classes `pos` and
`neg` (or as the weights' training config names them) are the clicks. RESULT is a project folder with the same images
and objects, and one more mask for every image with positive points. With "save_probabilities": true there is also
RESULT/<dataset>/probability/<image>.png, grey from 0 to 255.
"""
PROBABILITY = "probability"
"""The folder beside img and ann for pictures of the probabilities, 0 to 255."""
_SHEET_COLUMNS = 4
_SHEET_SIDE = 320


@dataclass(frozen=True)
class Answer:
    """What one mode makes of one image."""

    masks: tuple[Mask, ...] = ()
    """Full-size (H, W) masks."""
    areas: tuple[Figure, ...] = ()
    """The looked-at rectangles, where the request wants them saved."""
    probability: NDArray[np.float32] | None = None
    """(H, W) in 0..1, the network's own, the highest where areas overlap, in windows the mean; None without any mask."""
    without_clicks: int = 0
    """Looked-at areas without any positive click: there is nothing to segment in them."""


@dataclass
class Totals:
    """What came out of a whole project."""

    images: int = 0
    masks: int = 0
    without_clicks: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def text(self, title: str) -> str:
        """One sentence."""
        each = self.seconds / max(1, self.images)
        return (
            f"{self.images} images, {self.masks} masks of class {title}, "
            f"{self.without_clicks} areas without positive points, {len(self.failed)} failed; {each:.3f} s an image"
        )


# ---------------------------------------------------------------- modes


def answer(mode: Mode, predictor: Predictor, image: Picture, annotation: Annotation, classes: SpecialClasses) -> Answer:
    """The masks that a mode gives for an image (H, W, 3) with its annotation."""
    clicks = clicks_of(annotation, classes.pos, classes.neg)
    whole = Rect(0, 0, image.shape[1], image.shape[0])
    match mode:
        case FullImage():
            return look_at([whole], predictor, image, clicks)
        case Roi():
            area = inner_rect(mode.bounds, whole)
            saved = (rectangle_figure(mode.class_name, area),) if mode.save else ()
            return look_at([area], predictor, image, clicks, saved)
        case Bboxes():
            boxes = source_boxes(mode, annotation, classes, whole)
            titles = [figure.title + mode.add_suffix for figure, _ in boxes]
            areas = [area for _, area in boxes]
            rectangles = tuple(map(rectangle_figure, titles, areas))
            return look_at(areas, predictor, image, clicks, rectangles if mode.save else ())
        case SlidingWindow():
            return slide(mode, predictor, image, clicks)
        case _:
            raise TypeError(f"no way to run mode {mode.name}")


def look_at(
    areas: Sequence[Rect], predictor: Predictor, image: Picture, clicks: Sequence[Click], saved: tuple[Figure, ...] = ()
) -> Answer:
    """One mask for each area that has a positive click in it."""
    masks = []
    probability = np.zeros(image.shape[:2], np.float32)
    for area in areas:
        inside = clicks_inside(clicks, area)
        if any(click.positive for click in inside):
            place = np.s_[area.top : area.bottom, area.left : area.right]
            session = predictor.set_image(image[place]).add(inside)
            mask = np.zeros(image.shape[:2], bool)
            mask[place] = session.mask
            masks.append(mask)
            np.maximum(probability[place], session.probability, out=probability[place])
    return Answer(tuple(masks), saved, probability if masks else None, len(areas) - len(masks))


def slide(mode: SlidingWindow, predictor: Predictor, image: Picture, clicks: Sequence[Click]) -> Answer:
    """One mask from the mean probability of all windows; windows without a positive click say nothing."""
    height, width = image.shape[:2]
    total = np.zeros((height, width), np.float32)
    counted = np.zeros((height, width), np.float32)
    areas = windows(mode, height, width)
    empty = 0
    for area in areas:
        inside = clicks_inside(clicks, area)
        if not any(click.positive for click in inside):
            empty += 1
            continue
        rows, columns = slice(area.top, area.bottom), slice(area.left, area.right)
        total[rows, columns] += predictor.set_image(image[rows, columns]).add(inside).probability
        counted[rows, columns] += 1
    saved = tuple(rectangle_figure(mode.class_name, area) for area in areas) if mode.save else ()
    if empty == len(areas):
        return Answer((), saved, None, empty)
    mean: NDArray[np.float32] = np.divide(total, counted, out=total, where=counted > 0)
    mask = binarise(mean, predictor.threshold)
    return Answer((obey(mask, clicks) if predictor.guarantee else mask,), saved, mean, empty)


def windows(mode: SlidingWindow, height: int, width: int) -> list[Rect]:
    """The windows, row by row; the last ones of a row and of a column are moved back to end at the border."""
    size, overlap = mode.window, mode.min_overlap
    if size.width > width or size.height > height:
        raise UserError(
            f"the window of {size.width}×{size.height} pixels is larger than the image of {width}×{height}; "
            "make mode.window smaller"
        )
    lefts = _starts(width, size.width, size.width - overlap.x)
    tops = _starts(height, size.height, size.height - overlap.y)
    return [Rect(left, top, left + size.width, top + size.height) for top in tops for left in lefts]


def _starts(length: int, window: int, step: int) -> list[int]:
    return [*range(0, length - window, step), length - window]


def inner_rect(bounds: Sides, whole: Rect) -> Rect:
    """The image without the bounds; UserError where nothing is left."""
    area = Rect(
        pixels(bounds.left, whole.width),
        pixels(bounds.top, whole.height),
        whole.right - pixels(bounds.right, whole.width),
        whole.bottom - pixels(bounds.bottom, whole.height),
    ).clip((whole.height, whole.width))
    if area.empty:
        raise UserError(
            f"mode.bounds leave nothing of an image of {whole.width}×{whole.height} pixels; make them smaller"
        )
    return area


def source_boxes(
    mode: Bboxes, annotation: Annotation, classes: SpecialClasses, whole: Rect
) -> list[tuple[Figure, Rect]]:
    """The padded boxes of the objects to look at, each with its object; points and what lies outside are left out, and what
    is neutral unless it is asked for by name."""
    found = []
    for figure in annotation.figures:
        wanted = figure.title != classes.neutral if mode.from_classes == ALL else figure.title in mode.from_classes
        if not wanted or figure.shape.kind == "point":
            continue
        left, top, right, bottom = (round(value) for value in figure.shape.bounds)
        padding = mode.padding
        area = Rect(
            left - pixels(padding.left, right - left),
            top - pixels(padding.top, bottom - top),
            right + pixels(padding.right, right - left),
            bottom + pixels(padding.bottom, bottom - top),
        ).clip((whole.height, whole.width))
        if not area.empty:
            found.append((figure, area))
    return found


def clicks_inside(clicks: Sequence[Click], area: Rect) -> list[Click]:
    """The clicks in the area, in its own coordinates."""
    return [
        Click(click.x - area.left, click.y - area.top, click.positive)
        for click in clicks
        if area.left <= click.x < area.right and area.top <= click.y < area.bottom
    ]


def rectangle_figure(title: str, area: Rect) -> Figure:
    """The area as an object; a rectangle's right and bottom name its last pixels."""
    return Figure(title, Rectangle(area.left, area.top, area.right - 1, area.bottom - 1))


# ---------------------------------------------------------------- a whole project


@dataclass(frozen=True)
class Request:
    """Everything that decides what is done with an image."""

    mode: Mode
    predictor: Predictor
    classes: SpecialClasses

    def __post_init__(self) -> None:
        known = (self.classes.foreground,)
        for title in _listed(self.mode.model_classes.save_classes):
            if title not in known:
                raise UserError(
                    f"mode.model_classes.save_classes: the network has no class {title!r}, only {', '.join(known)}"
                    f"{nearest(title, known)}"
                )
        if self.mode.model_classes.save_classes == ():
            raise UserError(
                f'mode.model_classes.save_classes: an empty list saves nothing; give "{ALL}" or a list of names'
            )

    @property
    def title(self) -> str:
        """The class of the results."""
        return self.classes.foreground + self.mode.model_classes.add_suffix

    def output_meta(self, meta: Meta) -> Meta:
        """The project's classes and those that are added; UserError where a name is taken by another shape."""
        added = [ClassSpec(self.title, "bitmap")]
        if isinstance(self.mode, Roi | SlidingWindow) and self.mode.save:
            added.append(ClassSpec(self.mode.class_name, "rectangle"))
        if isinstance(self.mode, Bboxes):
            self._check_from_classes(self.mode.from_classes, meta)
            if self.mode.save:
                titles = [spec.title for spec in meta.classes if spec.shape != "point"]
                wanted = titles if self.mode.from_classes == ALL else [t for t in titles if t in self.mode.from_classes]
                added += [ClassSpec(title + self.mode.add_suffix, "rectangle") for title in wanted]
        try:
            for spec in added:
                meta = meta.with_class(spec)
        except MetaConflict as error:
            raise UserError(f"{error}; choose another add_suffix or class_name in the request") from error
        return meta

    def _check_from_classes(self, names: Names, meta: Meta) -> None:
        for title in _listed(names):
            if title not in meta.titles:
                raise UserError(
                    f"mode.from_classes: the project has no class {title!r}{nearest(title, meta.titles)}; "
                    f"its classes are {', '.join(meta.titles)}"
                )


def predict_image(request: Request, image: LabelledImage) -> tuple[dict[str, Any], Answer]:
    """The annotation of an image with what was found added to it; source objects stay as they were written."""
    annotation = image.annotation()
    found = answer(request.mode, request.predictor, _checked_pixels(image, annotation), annotation, request.classes)
    bitmaps = [bitmap for mask in found.masks for bitmap in Bitmap.trimmed(0, 0, mask)]
    figures = [*found.areas, *(Figure(request.title, bitmap) for bitmap in bitmaps)]
    added = annotation_json(annotation.size, figures)["objects"]
    return {**image.annotation_json, "objects": [*image.annotation_json["objects"], *added]}, found


def _checked_pixels(image: LabelledImage, annotation: Annotation) -> Picture:
    decoded = image.pixels()
    if decoded.shape[:2] != tuple(annotation.size):
        raise UserError(
            f"{image.where}: the image is {decoded.shape[1]}×{decoded.shape[0]} pixels, "
            f"its annotation says {annotation.size[1]}×{annotation.size[0]}"
        )
    return decoded


def predict_project(
    request: Request, images: LabelledImages, output: Path, pictures: int = 0, progress: bool | None = False
) -> tuple[Totals, list[Picture]]:
    """Write the project with results to `output`, and draw the first `pictures` of them.

    The folder appears when everything is written, in place of an earlier result (see `check_output`). An image that
    cannot be read is left out and listed in the totals.
    """
    meta = request.output_meta(images.meta)
    unfinished = output.with_name(f".{output.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    totals = Totals()
    drawn: list[Picture] = []
    try:
        unfinished.mkdir(parents=True)
        (unfinished / "meta.json").write_text(json.dumps(meta_json(meta), indent=2), encoding="utf-8")
        begun = time.perf_counter()
        for index in tqdm(
            range(len(images)),
            unit="image",
            desc="predict",
            file=sys.stderr,
            disable=None if progress is None else not progress,
        ):
            totals.images += 1
            try:
                image = images.read(index)
                annotation, found = predict_image(request, image)
            except UserError as error:
                totals.failed.append(str(error))
                continue
            probability = found.probability if request.mode.save_probabilities else None
            _write_image(unfinished, image, annotation, probability)
            totals.masks += len(found.masks)
            totals.without_clicks += found.without_clicks
            if len(drawn) < pictures and found.masks:
                drawn.append(draw_answer(image, found, request.classes))
        totals.seconds = time.perf_counter() - begun
        if output.exists():
            shutil.rmtree(output)
        unfinished.rename(output)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return totals, drawn


def _write_image(
    root: Path, image: LabelledImage, annotation: dict[str, Any], probability: NDArray[np.float32] | None
) -> None:
    files = [
        ("img", image.name, image.image_bytes),
        ("ann", f"{image.name}.json", json.dumps(annotation, ensure_ascii=False).encode()),
    ]
    if probability is not None:
        _, encoded = cv2.imencode(".png", np.rint(255 * probability).astype(np.uint8))
        files.append((PROBABILITY, f"{image.name}.png", encoded.tobytes()))
    for folder, name, data in files:
        path = root / image.dataset / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def draw_answer(image: LabelledImage, found: Answer, classes: SpecialClasses) -> Picture:
    """The image with its masks and clicks."""
    clicks = clicks_of(image.annotation(), classes.pos, classes.neg)
    together = np.logical_or.reduce(found.masks)
    return captioned(fitted(overlay(image.pixels(), together, clicks=clicks), _SHEET_SIDE), image.name)


# ---------------------------------------------------------------- command line


def add_parser(subparsers: Any) -> None:
    """Adds the command `predict`."""
    parser = subparsers.add_parser(
        "predict",
        help="masks for a whole project, from the points in its annotations",
        description="Run the network on every image of a project; the points in its annotations are the clicks.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("config", metavar="INFERENCE_CONFIG", help="JSON such as configs/inference/tutorial.json")
    parser.add_argument(
        "--weights",
        default=zoo.DEFAULT,
        metavar="W",
        help="a checkpoint, the folder of a training run, an exported .onnx file, or zoo:NAME (default: %(default)s)",
    )
    parser.add_argument("--input", required=True, metavar="PROJECT", help="a project folder, or a dataset in shards")
    parser.add_argument("--output", required=True, type=Path, metavar="PROJECT", help="the project folder to write")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier result at --output")
    parser.add_argument(
        "--pictures", type=int, nargs="?", const=16, default=0, metavar="N",
        help="also draw the first N results (16) into OUTPUT_contact_sheet.png",
    )  # fmt: skip
    parser.add_argument(
        "--target-size", type=int, metavar="PIXELS",
        help="longer side of what the network sees (default: that on the card of the weights)",
    )  # fmt: skip
    parser.add_argument(
        "--flip", action="store_true", help="average with the mirrored image: a little better, twice the time"
    )
    add_machine_options(parser)
    parser.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """The command: reads everything that could be wrong first, then writes the project and prints the totals."""
    config = read_inference_config(options.config)
    images = open_images(options.input)
    check_output(options.output, options.input, options.overwrite)
    predictor, classes = load_predictor(config, options, _notice)
    request = Request(config.mode, predictor, classes)
    totals, drawn = predict_project(request, images, options.output, options.pictures, progress=options.progress)
    for problem in totals.failed:
        _notice(problem)
    print(totals.text(request.title))
    if drawn:
        sheet = options.output.with_name(f"{options.output.name}_contact_sheet.png")
        write_picture(sheet, contact_sheet(drawn, _SHEET_COLUMNS))
        print(f"pictures in {sheet}")
    return 1 if totals.failed else 0


def load_predictor(
    config: InferenceConfig, options: argparse.Namespace, notice: Callable[[str], None]
) -> tuple[Predictor, SpecialClasses]:
    """The predictor on the requested GPU, or on the CPU after a notice, and the meaning of the project's classes."""
    weights = options.weights
    device = device_for(options.accelerator, weights, config.model.gpu_device)
    if device.type == "cpu" and options.accelerator == "auto" and not is_exported(weights):
        notice(f"model.gpu_device {config.model.gpu_device} is not on this machine: running on the CPU")
    predictor, card = Predictor.load(weights, options.target_size, device, flip=options.flip)
    return predictor, SpecialClasses(**card.config.get("special_classes", {}))


def check_output(output: Path, source: str, overwrite: bool) -> None:
    """UserError where writing `output` would destroy something; nothing is deleted yet."""
    if output.resolve() == Path(source).resolve():
        raise UserError(f"--output {output} is the input; results go to a folder of their own")
    if not output.exists():
        return
    if not output.is_dir() or not overwrite:
        raise UserError(f"--output {output} exists already; choose another folder, or replace it with --overwrite")
    if any(output.iterdir()) and not (output / "meta.json").is_file():
        raise UserError(f"--output {output} is no project (it has no meta.json), so --overwrite leaves it alone")


def _listed(names: Names) -> tuple[str, ...]:
    """The names of a list; none for `"__all__"`."""
    return () if isinstance(names, str) else names


def _notice(text: str) -> None:
    print(text, file=sys.stderr)
