"""Clicks as tensors: drawing them as discs for the network, and placing the next one on what it got wrong.

Points are (B, N, 3) floats: x, y, label. x and y are pixels of the network's input, whole numbers at pixel centres
(x grows to the right, y downwards); the label is 1 for positive, 0 for negative, -1 for a row that only fills up the batch.
Nothing here waits for the device: no value is read back to the host, and none is sent to it; `masked_fill` takes a plain
number, where `torch.where` would copy it over first.
"""

import math

import cv2
import numpy as np
import torch
from torch import Tensor

POSITIVE = 1
NEGATIVE = 0
PADDING = -1

RADIUS_AT_256 = 5.0
"""Discs of 5 pixels at 256×256, 2 % of the side, are what click networks are usually trained with."""
SMALLEST_RADIUS = 2


def default_radius(height: int, width: int) -> int:
    """The disc radius in pixels for an input of this size: 2 % of the shorter side, at least 2."""
    return max(SMALLEST_RADIUS, round(RADIUS_AT_256 * min(height, width) / 256))


def rasterise(points: Tensor, height: int, width: int, radius: float | None = None) -> Tensor:
    """Draw the clicks: (B, N, 3) points → (B, 2, height, width) float32 discs, positive ones first.

    A pixel is 1 exactly where dx² + dy² <= radius² to some click of that label, also for clicks between pixel centres;
    discs of clicks beyond the border reach in. `radius` is in pixels, `default_radius(height, width)` where not given.
    """
    if radius is None:
        radius = default_radius(height, width)
    batch = points.shape[0]
    points = points.float()
    centre = points[..., :2].round()
    columns, rows = disc_window(radius, points.device)
    x = centre[..., 0, None] + columns
    y = centre[..., 1, None] + rows
    label = points[..., 2, None]
    in_disc = (x - points[..., 0, None]) ** 2 + (y - points[..., 1, None]) ** 2 <= radius**2
    inside = in_disc & (x >= 0) & (x < width) & (y >= 0) & (y < height) & (label != PADDING)
    channel = (label != POSITIVE).long()
    pixel = (channel * height + y.long()) * width + x.long()
    # What lies outside is written to one spare cell at the end, which keeps the shapes fixed and the host out of it.
    spare = 2 * height * width
    pixel = pixel.masked_fill(~inside, spare).flatten(1)
    canvas = torch.zeros(batch, spare + 1, device=points.device)
    canvas.scatter_(1, pixel, 1.0)
    return canvas[:, :spare].view(batch, 2, height, width)


def disc_window(radius: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Column and row offsets, each (side²,), of the square that holds a disc whose centre is up to half a pixel off."""
    reach = math.floor(radius + 0.5)
    offsets = torch.arange(-reach, reach + 1, device=device, dtype=torch.float32)
    rows, columns = torch.meshgrid(offsets, offsets, indexing="ij")
    return columns.flatten(), rows.flatten()


def network_maps(points: Tensor, previous: Tensor, radius: float | None = None) -> Tensor:
    """The network's second input: (B, N, 3) points and the previous probability (B, 1, H, W) → maps (B, 3, H, W)."""
    return torch.cat((previous, rasterise(points, previous.shape[2], previous.shape[3], radius)), dim=1)


def next_clicks(
    prediction: Tensor, label: Tensor, points: Tensor, random: Tensor | None = None, depth_limit: int | None = None
) -> Tensor:
    """Where a patient annotator would click next: one click a sample, (B, 1, 3).

    prediction: (B, H, W) bool, the present mask.  label: (B, H, W) integers, 1 object, 0 background, -1 to be ignored.
    points: (B, N, 3), the clicks so far; a pixel is not clicked twice.
    random: (B, H, W) uniform in 0..1, one number a pixel: the click falls anywhere in the kind of error whose depth is
    above half the deepest; None: at its deepest pixel, the first of them in reading order.
    depth_limit: see `depth`.

    The click is positive where the missed object (false negatives) is deeper than the false alarm, negative otherwise,
    a tie included. A sample without any error gets a row of padding.
    """
    missed = (label == 1) & ~prediction
    false_alarm = (label == 0) & prediction
    depths = depth(torch.stack((missed, false_alarm), dim=1), depth_limit)
    depths = depths * not_clicked(points, *label.shape[1:])[:, None]
    deepest = depths.amax(dim=(2, 3))
    positive = deepest[:, 0] > deepest[:, 1]
    chosen = torch.where(positive[:, None, None], depths[:, 0], depths[:, 1]).float()
    peak = deepest.amax(dim=1)
    if random is not None:
        # + 1: a random number may be 0, and then a deep pixel must still win over a shallow one.
        chosen = (chosen > peak[:, None, None] / 2) * (1 + random)
    place = chosen.flatten(1).argmax(dim=1)
    width = label.shape[2]
    kind = positive.float().masked_fill(peak <= 0, PADDING)
    return torch.stack(((place % width).float(), (place // width).float(), kind), dim=1)[:, None]


def depth(regions: Tensor, limit: int | None = None) -> Tensor:
    """Chessboard distance of each pixel of a region to the nearest one outside: (..., H, W) bool → int16, 1 at the edge.

    The image border counts as an edge of the region. Distances above `limit` are cut to it (default: a quarter of the
    shorter side), because on a GPU the cost grows with it.
    """
    height, width = regions.shape[-2:]
    limit = max(1, min(height, width) // 4) if limit is None else limit
    return depth_by_opencv(regions, limit) if regions.device.type == "cpu" else depth_by_peeling(regions, limit)


def depth_by_opencv(regions: Tensor, limit: int) -> Tensor:
    """`depth` on the processor, where going over the pixels one by one is ten times as fast."""
    height, width = regions.shape[-2:]
    planes = regions.numpy().reshape(-1, height, width)
    depths = np.empty(planes.shape, np.int16)
    padded = np.zeros((height + 2, width + 2), np.uint8)
    for plane, result in zip(planes, depths, strict=True):
        padded[1:-1, 1:-1] = plane
        distances = cv2.distanceTransform(padded, cv2.DIST_C, 3)[1:-1, 1:-1]
        np.minimum(distances, limit, out=result, casting="unsafe")
    return torch.from_numpy(depths).view(regions.shape)


def depth_by_peeling(regions: Tensor, limit: int) -> Tensor:
    """`depth` on any device, all images at once: each step peels one layer of pixels off."""
    total = regions.to(torch.int16)
    left = regions
    for _ in range(limit - 1):
        left = peel(left)
        total = total + left
    return total


def peel(regions: Tensor) -> Tensor:
    """Take one layer of pixels off: a pixel stays where all of its 3×3 neighbourhood is set; outside the image nothing is."""
    rows = torch.zeros_like(regions)
    rows[..., 1:-1, :] = regions[..., :-2, :] & regions[..., 1:-1, :] & regions[..., 2:, :]
    columns = torch.zeros_like(regions)
    columns[..., 1:-1] = rows[..., :-2] & rows[..., 1:-1] & rows[..., 2:]
    return columns


def not_clicked(points: Tensor, height: int, width: int) -> Tensor:
    """(B, H, W) bool, false at the pixels that were clicked already."""
    x, y = points[..., 0].round().long(), points[..., 1].round().long()
    inside = (points[..., 2] != PADDING) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    spare = height * width
    place = (y * width + x).masked_fill(~inside, spare)
    free = torch.ones(points.shape[0], spare + 1, dtype=torch.bool, device=points.device)
    free.scatter_(1, place, False)
    return free[:, :spare].view(-1, height, width)
