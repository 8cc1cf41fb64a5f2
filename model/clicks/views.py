"""A look at a part of an image, in training and in use alike: its pixels and its clicks become the network's input.

A box is a row of four floats: top, left, height, width, in pixels of the image, where the pixel in row 0 and column 0 covers
the square from 0 to 1; a box need not begin between two pixels. Points are xy with whole numbers at pixel centres, on the image
and on the network's input. Legend: B batch, H W image, h w network input.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

LARGEST_REDUCTION = 2.5
"""An image that is to be made smaller than this is halved first, as often as needed, each pixel then the mean of four: bilinear
interpolation alone would skip pixels, so that thin things flicker. Training draws no view that is reduced further."""


def looked_at(images: Tensor, boxes: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """What lies in the boxes, (B, 4) float32, of (B, C, H, W) images at another size: (B, C, h, w), bilinear; beyond the border
    the border's own pixels go on."""
    return F.grid_sample(
        images, grid(boxes, size_hw, images.shape[-2:]), mode="bilinear", padding_mode="border", align_corners=False
    )


def grid(boxes: Tensor, size_hw: tuple[int, int], image_hw: tuple[int, int] | torch.Size) -> Tensor:
    """Where the centre of each of the h × w pixels lies on the image, (B, h, w, 2) xy, -1 and 1 at the image's borders."""
    axes = []
    for axis in (0, 1):
        steps = torch.arange(size_hw[axis], device=boxes.device, dtype=torch.float32)
        places = boxes[:, axis, None] + (steps + 0.5) / size_hw[axis] * boxes[:, axis + 2, None]
        axes.append(places / image_hw[axis] * 2 - 1)
    rows, columns = axes
    height, width = size_hw
    return torch.stack((columns[:, None, :].expand(-1, height, width), rows[:, :, None].expand(-1, height, width)), -1)


def points_in(points: Tensor, boxes: Tensor, size_hw: tuple[int, int]) -> Tensor:
    """(B, N, 3) points of the image, x, y, label, as points of what `looked_at` makes of the boxes; not rounded."""
    height, width = size_hw
    x = (points[..., 0] + 0.5 - boxes[:, 1, None]) * width / boxes[:, 3, None] - 0.5
    y = (points[..., 1] + 0.5 - boxes[:, 0, None]) * height / boxes[:, 2, None] - 0.5
    return torch.stack((x, y, points[..., 2]), dim=2)


class Pyramid:
    """An image, (1, C, H, W) float, and what halving makes of it, computed when it is needed."""

    def __init__(self, image: Tensor) -> None:
        self._levels = [image]

    @property
    def full(self) -> Tensor:
        """The image itself."""
        return self._levels[0]

    @property
    def device(self) -> torch.device:
        return self.full.device

    def looked_at(self, box: tuple[float, float, float, float], size_hw: tuple[int, int]) -> Tensor:
        """What lies in one box, (1, C, h, w), as `looked_at` gives it from the level that needs no further halving."""
        reduction = max(box[2] / size_hw[0], box[3] / size_hw[1])
        level, scale = 0, 1
        while reduction / scale > LARGEST_REDUCTION:
            level, scale = level + 1, 2 * scale
        corners = torch.tensor([box], device=self.device) / scale
        return looked_at(self._level(level), corners, size_hw)

    def _level(self, level: int) -> Tensor:
        while len(self._levels) <= level:
            # A last odd row or column is a level's last one too, the mean of what there is.
            self._levels.append(F.avg_pool2d(self._levels[-1], 2, ceil_mode=True, count_include_pad=False))
        return self._levels[level]
