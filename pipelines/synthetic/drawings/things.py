"""Things made for a house or a street."""

import math

import numpy as np

from pipelines.synthetic.arrays import Rng
from pipelines.synthetic.drawings.glyphs import random_glyph
from pipelines.synthetic.sketch import CUT, DARK, GLASS, MAIN, SECOND, THIRD, Sketch, directions, even_angles


def crate(s: Sketch, rng: Rng) -> None:
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


def bottle(s: Sketch, rng: Rng) -> None:
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


def cup(s: Sketch, rng: Rng) -> None:
    """A cup with a handle, at times on a saucer."""
    s.oval(0.75, 0.0, 0.4, rng.uniform(0.3, 0.5))
    s.oval(0.75, 0.0, 0.26, 0.25, CUT)
    low = rng.uniform(0.4, 0.7)
    s.fill([(-0.75, -0.7), (0.75, -0.7), (low, 0.75), (-low, 0.75)])
    s.oval(0, 0.75, low, 0.15)
    s.oval(0, -0.7, 0.75, 0.2, SECOND)
    s.oval(0, -0.68, 0.65, 0.14, DARK)
    if rng.random() < 0.5:
        s.oval(0, 0.95, 1.1, 0.15, THIRD)


def umbrella(s: Sketch, rng: Rng) -> None:
    """Sectors over a thin stick with a hook."""
    thin = rng.uniform(0.02, 0.04)
    s.tube([(0, -0.75), (0, 0.85), (0.08, 0.97), (0.2, 0.95), (0.24, 0.82)], thin, DARK)
    angles = np.linspace(math.pi, 2 * math.pi, 25)
    rim = directions(angles) * (1, rng.uniform(0.6, 0.9))
    ribs = int(rng.integers(3, 7))
    corners = np.linspace(-1, 1, ribs + 1)
    s.fill(rim)
    for i in range(ribs):
        middle = (corners[i] + corners[i + 1]) / 2
        if i % 2:
            s.fill([(0, rim[:, 1].min() + 0.01), (corners[i] * 0.97, -0.02), (corners[i + 1] * 0.97, -0.02)], SECOND)
        s.oval(middle, 0.03, 1.02 / ribs, 0.11, CUT)
    s.tube([(0, -0.05), (0, 0.5)], thin, DARK)


def chair(s: Sketch, rng: Rng) -> None:
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


def lamp(s: Sketch, rng: Rng) -> None:
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


def sign(s: Sketch, rng: Rng) -> None:
    """A plate with something on it, on one or two posts."""
    thin = rng.uniform(0.025, 0.06)
    board = rng.random() < 0.4
    for x in (-0.5, 0.5) if board else (0.0,):
        s.tube([(x, -0.4), (x, 1)], thin, DARK)
    corners = int(rng.choice([3, 4, 8, 36]))
    turn = {3: -math.pi / 2, 4: 0.0, 8: math.pi / 8}.get(corners, 0.0)
    plate = directions(even_angles(corners) + turn) * 0.5 + (0, -0.6)
    if board:
        plate = np.array([(-0.9, -1.1), (0.9, -1.1), (0.9, -0.2), (-0.9, -0.2)])
    s.fill(plate, SECOND)
    s.fill((plate - plate.mean(0)) * 0.8 + plate.mean(0), MAIN)
    for stroke in random_glyph(rng):
        s.tube(np.array(stroke) * 0.18 + plate.mean(0), 0.045, DARK if rng.random() < 0.7 else THIRD)


def tool(s: Sketch, rng: Rng) -> None:
    """Keys, spoons, forks, hammers, scissors, rackets."""
    form = int(rng.integers(5))
    s.tube([(0, 0.95), (0, -0.35)], rng.uniform(0.05, 0.1), SECOND if form != 0 else MAIN)
    if form == 0:
        s.oval(0, -0.6, 0.35)
        s.oval(0, -0.65, 0.17, material=CUT)
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
        s.oval(0, -0.7, 0.36, 0.44, CUT)
        for i in (-0.24, -0.12, 0, 0.12, 0.24):
            s.tube([(i, -1.08), (i, -0.3)], 0.009, THIRD)
            s.tube([(-0.36, i - 0.7), (0.36, i - 0.7)], 0.009, THIRD)


def frame(s: Sketch, rng: Rng) -> None:
    """Windows, fences, racks, ladders: bars that leave holes of the background."""
    wide, thin = rng.uniform(0.4, 1.2), rng.uniform(0.03, 0.1)
    for x in np.linspace(-wide, wide, int(rng.integers(2, 6))):
        s.tube([(x, -0.9), (x, 0.9)], thin)
    for y in np.linspace(-0.8, 0.8, int(rng.integers(2, 6))):
        s.tube([(-wide, y), (wide, y)], thin, SECOND if rng.random() < 0.4 else MAIN)
