"""Plain shapes: balls, stones, polygons, stars, rings, letters and ropes."""

import math

import numpy as np

from pipelines.synthetic.arrays import Rng
from pipelines.synthetic.drawings.glyphs import random_glyph
from pipelines.synthetic.sketch import CUT, MAIN, SECOND, THIRD, Sketch, directions, even_angles, wobbly


def ball(s: Sketch, rng: Rng) -> None:
    """A disc, at times with a spot or a band."""
    s.oval(0, 0, 1)
    if rng.random() < 0.5:
        x, y = rng.uniform(-0.3, 0.3, 2)
        s.oval(x, y, rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.6), SECOND)
    if rng.random() < 0.3:
        s.oval(0, 0, 0.95, rng.uniform(0.1, 0.3), THIRD)


def stone(s: Sketch, rng: Rng) -> None:
    """A lump without corners, at times with a patch."""
    s.fill(wobbly(rng, 1, rng.uniform(0.5, 1), rng.uniform(0.1, 0.9)))
    if rng.random() < 0.35:
        s.fill(wobbly(rng, 0.5, 0.4, 0.5) + rng.uniform(-0.3, 0.3, 2), SECOND)


def facet(s: Sketch, rng: Rng) -> None:
    """A polygon of few corners, sometimes cut into facets."""
    angles = np.sort(rng.uniform(0, 2 * math.pi, int(rng.integers(3, 9))))
    angles = even_angles(len(angles)) * 0.6 + angles * 0.4
    corners = directions(angles)
    s.fill(corners)
    if rng.random() < 0.5:
        middle = rng.uniform(-0.25, 0.25, 2)
        for i in range(0, len(corners) - 1, 2):
            s.fill([corners[i], corners[i + 1], middle], SECOND if i % 4 else THIRD)


def star(s: Sketch, rng: Rng) -> None:
    """Points around a middle, sharp or round."""
    points = int(rng.integers(4, 10))
    radius = np.where(np.arange(2 * points) % 2, rng.uniform(0.3, 0.7), 1)
    outline = directions(even_angles(2 * points)) * radius[:, None]
    (s.fill if rng.random() < 0.6 else s.curve)(outline)
    if rng.random() < 0.4:
        s.oval(0, 0, rng.uniform(0.15, 0.3), material=SECOND if rng.random() < 0.5 else CUT)


def ring(s: Sketch, rng: Rng) -> None:
    """A ring, or a few links of a chain, with holes."""
    flat, hole = rng.uniform(0.5, 1), rng.uniform(0.35, 0.85)
    for link in range(int(rng.integers(1, 4)) if rng.random() < 0.3 else 1):
        x = link * 1.3
        s.oval(x, 0, 1, flat, MAIN if link % 2 == 0 else SECOND)
        if rng.random() < 0.5:
            s.oval(x, 0, (1 + hole) / 2, flat * (1 + hole) / 2, SECOND)
        s.oval(x, 0, hole, flat * hole - 0.05, CUT)


def letter(s: Sketch, rng: Rng) -> None:
    """A letter, digit or sign of thick strokes."""
    radius = rng.uniform(0.07, 0.24)
    for stroke in random_glyph(rng):
        s.tube(stroke, radius)


def rope(s: Sketch, rng: Rng) -> None:
    """A cable, snake or hose: one long bend, sometimes two-coloured."""
    turn = np.cumsum(rng.normal(0, 0.35, 26) + rng.normal(0, 0.12))
    path = np.cumsum(directions(turn) * 0.14, axis=0)
    thick = rng.uniform(0.025, 0.13)
    radii = np.full(26, thick) if rng.random() < 0.6 else np.linspace(1.3 * thick, 0.3 * thick, 26)
    s.tube(path, radii)
    if rng.random() < 0.4:
        middle = int(rng.integers(5, 20))
        s.tube(path[middle:], radii[middle:], SECOND)
    if rng.random() < 0.4:
        s.oval(path[0, 0], path[0, 1], thick * 1.8, thick * 1.5, MAIN)
