"""Turns an image, its clicks and the last answer into the network's input, and its answer back into a map of the image.

Legend: B batch, H W image, h w network input. Points are xy, regions are rows and columns with inclusive ends.
Click discs are drawn by `model.clicks.tensors`, in training and in use alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from model.clicks.tensors import NEGATIVE, PADDING, POSITIVE
from model.clicks.views import Pyramid, points_in
from pipelines.clicks import Click
from pipelines.errors import UserError
from pipelines.image import Rect

FIRST_LOOKS = 3
FIRST_SIZE = 256
"""Longer side of the network's input at the first looks, where the answer needs to be right about the object and not yet about
its border."""
SMALLEST_FIRST_LOOK = (128, 256)
"""The longer side of the smallest first look is a quarter of the image's, but between these, in pixels of the image."""
LARGEST_FIRST_PART = 0.85
"""A part that would be larger is not looked at besides the whole image."""


@dataclass(frozen=True, slots=True)
class ZoomIn:
    """How the network looks at an image: first at all of it, then at a box around the last answer.

    The defaults are those of the published evaluation protocol (RITM). `for_people` gives those of a tool.
    """

    target_size: int = 400
    """Longer side of the network's input once it looks at a region, in pixels."""
    skip_clicks: int = 1
    """So many first clicks always look at the whole image."""
    expansion: float = 1.4
    """The region is so many times the bounding box of the last answer and the positive clicks."""
    min_crop: int = 200
    """Smallest height and width of a region, in pixels of the image."""
    recompute_overlap: float = 0.5
    """The region moves when it overlaps the new one by less."""
    probability: float = 0.5
    """What counts as the last answer: pixels above this probability."""
    resize_whole: bool = False
    """Whether the whole image, too, is brought to `target_size`; otherwise it goes in as it is."""
    forget_region: bool = False
    """Whether an empty last answer ends the region. As published it does not, and the answer for the whole image is
    then squeezed into the old region; harmless to scores, confusing to people."""
    second_look: bool = False
    """Whether the first answer for a whole image is repeated at once on the region around it, if that is smaller than
    half of the image: the first mask is then as sharp as the later ones, for one more run of the network."""
    first_looks: int = 1
    """At the first clicks of an object the whole image is looked at, and with more than one look also ever smaller parts
    around the clicks; the network's own scores say which answer counts, so it needs a head for them."""
    first_size: int | None = None
    """Longer side of the network's input at these first looks, in pixels; None: `target_size`."""
    corners: bool = True
    """Whether resizing keeps the centres of the corner pixels where they are, as published; otherwise it keeps the image's
    borders, as in training (`model.clicks.views`)."""

    def __post_init__(self) -> None:
        if self.target_size < 1 or self.min_crop < 1 or self.expansion <= 0:
            raise UserError(
                f"ZoomIn: target_size {self.target_size} and min_crop {self.min_crop} must be at least 1 and "
                f"expansion {self.expansion} above 0"
            )
        if self.second_look and self.skip_clicks > 0:
            raise UserError(
                f"ZoomIn: second_look zooms after the first click, but skip_clicks {self.skip_clicks} forbids it; "
                "use skip_clicks 0 or no second_look"
            )

    @classmethod
    def for_people(cls, target_size: int) -> "ZoomIn":
        """The same zoom without what only matters when published numbers are compared."""
        return cls(
            target_size=target_size,
            skip_clicks=0,
            resize_whole=True,
            forget_region=True,
            second_look=True,
            first_looks=FIRST_LOOKS,
            first_size=min(target_size, FIRST_SIZE),
            corners=False,
        )

    def first_regions(self, image_hw: tuple[int, int], clicks: Sequence[Click]) -> list[Rect | None]:
        """The parts to look at first, from the whole image, None, to the smallest: each holds all positive clicks, the sides
        shrink evenly in their logarithm, and the shape is the image's. Without a positive click the whole image only."""
        positive = [click for click in clicks if click.positive]
        if not positive or self.first_looks < 2:
            return [None]
        longest = max(image_hw)
        smallest = min(max(longest / 4, SMALLEST_FIRST_LOOK[0]), SMALLEST_FIRST_LOOK[1], longest) / longest
        columns, rows = [click.x for click in positive], [click.y for click in positive]
        needed = max(
            self.expansion * (max(rows) - min(rows) + 1) / image_hw[0],
            self.expansion * (max(columns) - min(columns) + 1) / image_hw[1],
        )
        regions: list[Rect | None] = [None]
        for number in range(1, self.first_looks):
            share = max(smallest ** (number / (self.first_looks - 1)), needed)
            if share < LARGEST_FIRST_PART:
                top, bottom = _window(min(rows), max(rows), share, image_hw[0])
                left, right = _window(min(columns), max(columns), share, image_hw[1])
                regions.append(Rect(left, top, right, bottom))
        return list(dict.fromkeys(regions))

    def region_around(self, probability: NDArray[np.float32], clicks: Sequence[Click]) -> Rect | None:
        """The region that fits the last answer (H, W) and the positive clicks; None where the answer is empty."""
        height, width = probability.shape
        x, y, box_width, box_height = cv2.boundingRect((probability > self.probability).view(np.uint8))
        if box_width == 0:
            return None
        columns = [x, x + box_width - 1, *(click.x for click in clicks if click.positive)]
        rows = [y, y + box_height - 1, *(click.y for click in clicks if click.positive)]
        top, bottom = self._expanded(min(rows), max(rows), height)
        left, right = self._expanded(min(columns), max(columns), width)
        return Rect(left, top, right, bottom)

    def _expanded(self, first: int, last: int, length: int) -> tuple[int, int]:
        """First pixel and end of the region around what lies from `first` to `last`."""
        centre = 0.5 * (first + last)
        size = max(self.expansion * (last - first + 1), self.min_crop)
        # `round` rounds halves to even, as the published code does.
        return max(0, round(centre - 0.5 * size)), min(length, round(centre + 0.5 * size) + 1)

    def needs_new_region(self, old: Rect | None, new: Rect, clicks: Sequence[Click]) -> bool:
        """Whether `new` replaces `old`: none yet, a positive click outside of it, or too little overlap."""
        if old is None:
            return True
        if not all(well_inside(old, click) for click in clicks if click.positive):
            return True
        return overlap(new, old) < self.recompute_overlap

    def input_size(self, height: int, width: int, longest: int | None = None) -> tuple[int, int]:
        """(height, width) of the network's input for a region of that size: the longer side becomes `longest`, by default
        `target_size`."""
        scale = (longest or self.target_size) / max(height, width)
        return max(1, round(height * scale)), max(1, round(width * scale))


@dataclass(frozen=True, slots=True)
class View:
    """One look at the image: what goes into the network, and where its answer belongs.

    `look` is the part that goes in, `paste` the part that the answer is written to; None is the whole image. They
    differ only after an empty answer in the published protocol (`ZoomIn.forget_region`).
    """

    look: Rect | None
    paste: Rect | None
    input_hw: tuple[int, int]
    corners: bool = True
    """See `ZoomIn`."""

    @classmethod
    def of(
        cls,
        zoom: ZoomIn,
        image_hw: tuple[int, int],
        clicks: Sequence[Click],
        previous: NDArray[np.float32],
        region: Rect | None,
    ) -> "View":
        """The look that belongs to `clicks` (the newest included), the last answer and the last region."""
        current = zoom.region_around(previous, clicks) if len(clicks) > zoom.skip_clicks else None
        if current is None:
            whole_hw = zoom.input_size(*image_hw) if zoom.resize_whole else image_hw
            return cls(None, None if zoom.forget_region else region, whole_hw, zoom.corners)
        if region is None or zoom.needs_new_region(region, current, clicks):
            region = current
        return cls(region, region, zoom.input_size(region.height, region.width), zoom.corners)

    @classmethod
    def first(cls, zoom: ZoomIn, image_hw: tuple[int, int], region: Rect | None) -> "View":
        """A first look at a part, or with None at all of it; all have one size, so that they are looked at together."""
        return cls(region, region, zoom.input_size(*image_hw, zoom.first_size), zoom.corners)

    def points(self, clicks: Sequence[Click], image_hw: tuple[int, int]) -> Tensor:
        """Clicks in pixels of the network's input: (1, N, 3) float32, x, y, label (see `model.clicks.tensors`).

        Coordinates are not rounded. A click outside of the region is kept, as its disc may reach into it; only where
        corners are kept, as published, one that lies left of *and* above it is dropped: the published code marks missing
        points that way.
        """
        look = self._look(image_hw)
        if not self.corners:
            rows = [(click.x, click.y, POSITIVE if click.positive else NEGATIVE) for click in clicks]
            points = torch.tensor(rows, dtype=torch.float32).reshape(1, len(rows), 3)
            return points_in(points, torch.tensor([box_of(look)]), self.input_hw)
        height, width = self.input_hw
        placed = []
        for click in clicks:
            x = width * (click.x - look.left) / look.width
            y = height * (click.y - look.top) / look.height
            label = POSITIVE if click.positive else NEGATIVE
            placed.append((x, y, PADDING if x < 0 and y < 0 else label))
        return torch.tensor(placed, dtype=torch.float32).reshape(1, len(placed), 3)

    def cut(self, picture: Pyramid) -> Tensor:
        """The part of (1, C, H, W) that goes in, at the network's input size: (1, C, h, w)."""
        full = picture.full
        if not self.corners:
            height, width = full.shape[-2:]
            return picture.looked_at(box_of(self._look((height, width))), self.input_hw)
        if self.look is not None:
            look = self.look
            full = full[:, :, look.top : look.bottom, look.left : look.right]
        return resize(full, self.input_hw)

    def _look(self, image_hw: tuple[int, int]) -> Rect:
        return self.look or whole(image_hw)

    def paste_back(self, probability: Tensor, image_hw: tuple[int, int]) -> NDArray[np.float32]:
        """The network's probabilities (1, 1, h, w) as a map of the image, (H, W) float32, 0 outside of the region."""
        if self.paste is None:
            return resize(probability, image_hw, self.corners)[0, 0].cpu().numpy()
        paste = self.paste
        full = np.zeros(image_hw, np.float32)
        inner = resize(probability, (paste.height, paste.width), self.corners)[0, 0].cpu().numpy()
        full[paste.top : paste.bottom, paste.left : paste.right] = inner
        return full


def image_tensor(image: NDArray[np.uint8]) -> Tensor:
    """(H, W, 3) uint8 RGB to (1, 3, H, W) float32 in 0..1; normalisation is the network's own business."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"an image must be (H, W, 3) uint8 RGB, found shape {image.shape} and type {image.dtype}")
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float().div_(255.0)[None]


def resize(values: Tensor, size_hw: tuple[int, int], corners: bool = True) -> Tensor:
    """(B, C, H, W) resized bilinearly; corners: see `ZoomIn`."""
    if tuple(values.shape[-2:]) == tuple(size_hw):
        return values
    return F.interpolate(values, size=size_hw, mode="bilinear", align_corners=corners)


def _window(first: int, last: int, share: float, length: int) -> tuple[int, int]:
    """First pixel and end of a part of so much of `length` around what lies from `first` to `last`, moved to lie inside."""
    side = min(length, max(1, round(share * length)))
    start = min(max(0, round((first + last + 1 - side) / 2)), length - side)
    return start, start + side


def whole(image_hw: tuple[int, int]) -> Rect:
    """All of an image."""
    return Rect(0, 0, image_hw[1], image_hw[0])


def box_of(region: Rect) -> tuple[float, float, float, float]:
    """The region as `model.clicks.views` speaks of it: top, left, height, width."""
    return region.top, region.left, region.height, region.width


def well_inside(region: Rect, click: Click) -> bool:
    """Whether the click lies in the region; as published, its last row and its last column do not count."""
    return region.top <= click.y < region.bottom - 1 and region.left <= click.x < region.right - 1


def overlap(one: Rect, other: Rect) -> float:
    """Overlap of the rows times overlap of the columns, each as shared length / length of the hull."""
    return _overlap(one.top, one.bottom, other.top, other.bottom) * _overlap(
        one.left, one.right, other.left, other.right
    )


def _overlap(first: int, end: int, other_first: int, other_end: int) -> float:
    shared = max(0, min(end, other_end) - max(first, other_first))
    return shared / (max(end, other_end) - min(first, other_first))
