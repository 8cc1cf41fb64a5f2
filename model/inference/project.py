"""Masks for every image of a project, from the points in its annotations."""

import json
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from model.drawing import Picture, captioned, fitted, with_mask
from model.inference.lengths import ALL, listed_names
from model.inference.modes import Answer, Mode, Question
from model.inference.predictor import Predictor
from model.projects.images import LabelledImage, LabelledImages, clicks_of
from model.settings.classes import SpecialClasses
from pipelines.annotation import Annotation
from pipelines.errors import UserError
from pipelines.figures import Bitmap, Figure
from pipelines.formats.supervisely import annotation_json, meta_json
from pipelines.meta import ClassSpec, Meta, MetaConflict, nearest

PROBABILITY = "probability"
"""The folder beside img and ann for pictures of the probabilities, 0 to 255."""
_SHEET_SIDE = 320


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


# ---------------------------------------------------------------- a whole project


@dataclass(frozen=True)
class Request:
    """Everything that decides what is done with an image."""

    mode: Mode
    predictor: Predictor
    classes: SpecialClasses

    def __post_init__(self) -> None:
        known = (self.classes.foreground,)
        for title in listed_names(self.mode.model_classes.save_classes):
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
        added = [ClassSpec(self.title, "bitmap"), *self.mode.added_classes(meta)]
        try:
            for spec in added:
                meta = meta.with_class(spec)
        except MetaConflict as error:
            raise UserError(f"{error}; choose another add_suffix or class_name in the request") from error
        return meta


def predict_image(request: Request, image: LabelledImage) -> tuple[dict[str, Any], Answer]:
    """The annotation of an image with what was found added to it; source objects stay as they were written."""
    annotation = image.annotation()
    found = request.mode.answer(
        request.predictor, Question(_checked_pixels(image, annotation), annotation, request.classes)
    )
    bitmaps = [bitmap for mask in found.masks for bitmap in Bitmap.trimmed(0, 0, mask)]
    figures = [*found.areas, *(Figure(request.title, bitmap) for bitmap in bitmaps)]
    added = annotation_json(annotation.size, figures)["objects"]
    written = image.annotation_json()
    return {**written, "objects": [*written.get("objects", ()), *added]}, found


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
        ("img", image.name, image.encoded()),
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
    return captioned(fitted(with_mask(image.pixels(), together, clicks=clicks), _SHEET_SIDE), image.name)


# ---------------------------------------------------------------- command line


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
