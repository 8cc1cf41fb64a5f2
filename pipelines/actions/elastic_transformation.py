"""`elastic_transformation`: shake the image like jelly, objects with it.

Family: space.

>>> worked("elastic_transformation", {"alpha": {"min": 0, "max": 0}, "sigma": {"min": 6, "max": 6}}, "20x10",
...     "p point (7,3)")
20x10
  p point (7,3)

Picture: coffee(cup, spoon) {"alpha": {"min": 180, "max": 180}, "sigma": {"min": 10, "max": 10}}
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import cv2
import numpy as np

from pipelines import geometry
from pipelines.actions.base import Action, Finding, Notes, action
from pipelines.actions.masks_before_warp import with_mask_classes, with_masks
from pipelines.actions.parameters import Range, require_generator
from pipelines.image import PixelOp, Pixels, Rect, Size
from pipelines.meta import Meta
from pipelines.photometry import draw_seed, seeded
from pipelines.sample import Sample
from pipelines.warps import Displacement

LARGEST_ALPHA, LARGEST_SIGMA, SMALLEST_SIGMA = 200.0, 50.0, 0.1

# Smoothed noise has slopes of standard deviation 0.115 * alpha / sigma²: with alpha = 2 sigma² they reach 1, where the picture
# folds, only at more than four standard deviations.
_STEEP = 2.0


@dataclass(frozen=True, slots=True)
class ElasticPixels(PixelOp):
    """Each pixel shows the place that a smooth random field points to, bilinear, black outside of the picture."""

    word: ClassVar[str] = "elastic"
    alpha: float
    sigma: float
    seed: int

    def apply(self, pixels: Pixels) -> Pixels:
        size = pixels.shape[0], pixels.shape[1]
        field = random_field(size, self.alpha, self.sigma, self.seed)
        columns = field[:, :, 0] + np.arange(size[1], dtype=np.float32)
        rows = field[:, :, 1] + np.arange(size[0], dtype=np.float32)[:, None]
        return cv2.remap(pixels, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)


@action("elastic_transformation")
@dataclass(frozen=True)
class ElasticTransformation(Action):
    alpha: Range
    """How strong, drawn from `min` to `max` (0 to 200): uniform noise from -alpha to alpha pixels is smoothed by `sigma`."""
    sigma: Range
    """How smooth, drawn from `min` to `max` (0.1 to 50): standard deviation of the smoothing in pixels."""
    classes_mapping: dict[str, str] = field(default_factory=dict)
    """Title → new title of a class of masks: objects of these classes become masks before they are bent."""

    random: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = (
        {"alpha": {"min": 10, "max": 60}, "sigma": {"min": 6, "max": 8}},
        {"alpha": {"min": 0, "max": 30}, "sigma": {"min": 4, "max": 6}, "classes_mapping": {"car": "car_mask"}},
    )

    def problems(self) -> Iterator[Finding]:
        yield from self.alpha.problems(("alpha",), 0, LARGEST_ALPHA)
        yield from self.sigma.problems(("sigma",), SMALLEST_SIGMA, LARGEST_SIGMA)
        limit = _STEEP * min(max(self.sigma.min, SMALLEST_SIGMA), LARGEST_SIGMA) ** 2
        if self.alpha.max > limit:
            yield Finding(
                ("alpha", "max"),
                f"an alpha of {self.alpha.max:g} with a sigma of {self.sigma.min:g} folds the image over itself in places, "
                f"where outlines lose their meaning; keep alpha below {limit:g} (twice sigma squared), or raise sigma",
                "warning",
            )

    def map_meta(self, meta: Meta, notes: Notes) -> Meta:
        return with_mask_classes(meta, self.classes_mapping, notes)

    def apply(self, sample: Sample, rng: np.random.Generator | None) -> Iterable[Sample]:
        """Edges of polygons and lines are bent by added vertices; rectangles become the box of their bent outline."""
        rng = require_generator(rng, "elastic_transformation")
        op = ElasticPixels(self.alpha.draw(rng), self.sigma.draw(rng), draw_seed(rng))
        sample = with_masks(sample, self.classes_mapping)
        size = sample.image.size
        # Without figures the field is not needed before somebody wants the pixels.
        shape = (*size, 2) if sample.figures else (1, 1, 2)
        change = random_field((shape[0], shape[1]), op.alpha, op.sigma, op.seed)
        return (geometry.warp(sample, Displacement(change), op, Rect(0, 0, size[1], size[0])),)


def random_field(size: Size, alpha: float, sigma: float, seed: int) -> np.ndarray:
    """A smooth field of displacements in pixels, float32 (height, width, 2), x before y.

    As by Simard et al. (2003): noise, uniform from -1 to 1, under a Gaussian of `sigma` pixels, times `alpha`.
    """
    noise = seeded(seed).random((*size, 2), dtype=np.float32) * 2 - 1
    smooth = cv2.GaussianBlur(noise, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return smooth.reshape(*size, 2) * np.float32(alpha)
