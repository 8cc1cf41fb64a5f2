"""What a smart tool has to beat: masks guessed from the clicks alone, without the image, and an untrained network."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from model.networks import ClickNetwork, build
from pipelines.clicks import Click

DISC_RADIUS = 0.12
"""Radius of the disc around a single positive click, in shorter sides of the image."""
ELLIPSE_SIGMAS = 2.0
"""An evenly filled ellipse reaches two standard deviations of its own points from its centre."""


@dataclass(frozen=True)
class EllipseSession:
    """A guess from the clicks: the ellipse of the positive ones, without what lies nearer to a negative one.

    One positive click gives a disc. Coordinates as in `model.inference.predictor`.
    """

    size_hw: tuple[int, int]
    clicks: tuple[Click, ...] = ()

    def click(self, x: int, y: int, positive: bool) -> "EllipseSession":
        """The guess after one more click."""
        return replace(self, clicks=(*self.clicks, Click(x, y, positive)))

    @cached_property
    def probability(self) -> NDArray[np.float32]:
        """(H, W) float32, 1 inside and 0 outside."""
        inside = [(click.x, click.y) for click in self.clicks if click.positive]
        if not inside:
            return np.zeros(self.size_hw, np.float32)
        ellipse = self._ellipse(np.array(inside, np.float64))
        outside = [(click.x, click.y) for click in self.clicks if not click.positive]
        if outside:
            ellipse &= self._nearest(inside) <= self._nearest(outside)
        return ellipse.astype(np.float32)

    def _ellipse(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Pixels within two standard deviations of (n, 2) xy points, widened by the disc of a single click."""
        disc = DISC_RADIUS * min(self.size_hw) / ELLIPSE_SIGMAS
        centre = points.mean(axis=0)
        covariance = (points - centre).T @ (points - centre) / len(points) + np.eye(2) * disc**2
        inverse = np.linalg.inv(covariance)
        y, x = np.ogrid[: self.size_hw[0], : self.size_hw[1]]
        dx, dy = x - centre[0], y - centre[1]
        squared = inverse[0, 0] * dx**2 + 2 * inverse[0, 1] * dx * dy + inverse[1, 1] * dy**2
        return np.asarray(squared <= ELLIPSE_SIGMAS**2)

    def _nearest(self, points: list[tuple[int, int]]) -> NDArray[np.int64]:
        """Squared distance of every pixel to the nearest of xy points, (H, W)."""
        y, x = np.ogrid[: self.size_hw[0], : self.size_hw[1]]
        return np.minimum.reduce([(x - point_x) ** 2 + (y - point_y) ** 2 for point_x, point_y in points])


def untrained_network(name: str, seed: int = 0) -> ClickNetwork:
    """A network of that size with random weights, always the same ones for a seed; in eval mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(name).eval()
