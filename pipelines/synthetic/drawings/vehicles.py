"""Things that drive, float or fly."""

import math

import numpy as np

from pipelines.synthetic.arrays import Rng
from pipelines.synthetic.sketch import CUT, DARK, GLASS, MAIN, SECOND, THIRD, Sketch


def car(s: Sketch, rng: Rng) -> None:
    """A car from the side."""
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
        _wheel(s, x, 0.3, wheel, wheel * 0.5)


def lorry(s: Sketch, rng: Rng) -> None:
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
        _wheel(s, x, 0.38, 0.17, 0.08)


def _wheel(s: Sketch, x: float, y: float, tyre: float, rim: float) -> None:
    """A wheel with these radii."""
    s.oval(x, y, tyre, material=DARK)
    s.oval(x, y, rim, material=THIRD)


def bicycle(s: Sketch, rng: Rng) -> None:
    """Thin parts and large holes; a motorcycle when its parts are thick."""
    wheel, thin = rng.uniform(0.38, 0.48), rng.uniform(0.02, 0.05)
    motor = rng.random() < 0.3
    back, front, pedal, saddle, bars = (-0.6, 0.3), (0.62, 0.3), (-0.05, 0.35), (-0.22, -0.3), (0.42, -0.35)
    for x, y in (back, front):
        s.oval(x, y, wheel, material=DARK)
        s.oval(x, y, wheel - (0.14 if motor else 2.2 * thin), material=CUT)
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


def boat(s: Sketch, rng: Rng) -> None:
    """A hull under sails, or under a cabin with a funnel."""
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


def plane(s: Sketch, rng: Rng) -> None:
    """An aeroplane in flight, from below."""
    s.fill([(-0.1, 0.0), (0.25, 0.0), (-0.3, -rng.uniform(0.5, 0.9)), (-0.5, -0.6)], SECOND)
    s.curve([(-1.1, -0.05), (-0.9, -0.12), (0.7, -0.14), (1.15, 0.03), (0.7, 0.15), (-0.8, 0.1)])
    s.fill([(-0.75, -0.05), (-1.15, -rng.uniform(0.35, 0.55)), (-1.0, -0.5), (-0.5, -0.05)], THIRD)
    s.fill([(0.2, 0.04), (-0.1, 0.04), (-0.55, rng.uniform(0.5, 1.0)), (-0.3, 0.75)], SECOND)
    for x in np.arange(-0.5, 0.7, 0.15):
        s.oval(x, -0.04, 0.03, material=GLASS)
