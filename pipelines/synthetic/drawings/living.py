"""People, animals and plants."""

import math

import numpy as np

from pipelines.synthetic.arrays import Rng
from pipelines.synthetic.sketch import DARK, MAIN, SECOND, THIRD, Sketch, even_angles, wobbly


def person(s: Sketch, rng: Rng) -> None:
    """Head, hair, top, trousers; arms and legs at random angles."""
    skin, top, trousers = THIRD, MAIN, SECOND
    plump = rng.uniform(0.8, 1.4)

    def limb(
        start: tuple[float, float], lean: float, lengths: tuple[float, float], radius: float, sleeve: int, end: int
    ) -> None:
        bend = lean + rng.normal(0, 0.5)
        joint = (start[0] + math.sin(lean) * lengths[0], start[1] + math.cos(lean) * lengths[0])
        tip = (joint[0] + math.sin(bend) * lengths[1], joint[1] + math.cos(bend) * lengths[1])
        s.tube([start, joint], [radius, radius * 0.85], sleeve)
        s.tube([joint, tip], [radius * 0.8, radius * 0.6], sleeve if rng.random() < 0.5 else skin)
        s.oval(*tip, radius * 0.9, radius * 0.8, end)

    limb((-0.2 * plump, -0.42), rng.normal(-0.5, 0.5), (0.36, 0.34), 0.085, top, skin)
    for side in (-1, 1):
        limb((side * 0.12, 0.2), rng.normal(side * 0.12, 0.3), (0.42, 0.42), 0.11 * plump, trousers, DARK)
    if rng.random() < 0.3:
        s.fill([(-0.16, 0), (0.16, 0), (0.4, 0.6), (-0.4, 0.6)], trousers)
    s.tube([(0, -0.5), (0, -0.75)], 0.07, skin)
    s.curve(
        [
            (-0.3, -0.55),
            (0.3, -0.55),
            (0.24 * plump, 0.0),
            (0.22 * plump, 0.3),
            (-0.22 * plump, 0.3),
            (-0.24 * plump, 0),
        ],
        top,
    )
    if rng.random() < 0.7:
        s.oval(0, -0.85, 0.17, 0.2, DARK)
    s.oval(rng.normal(0, 0.03), -0.8, 0.145, 0.17, skin)
    if rng.random() < 0.3:
        s.fill([(-0.25, -0.9), (0.25, -0.9), (0.15, -1.1), (-0.15, -1.1)], DARK)
    limb((0.24 * plump, -0.42), rng.normal(0.5, 0.5), (0.36, 0.34), 0.085, top, skin)
    if rng.random() < 0.25:
        s.box(0.2, 0.05, 0.55, 0.45, DARK)


def beast(s: Sketch, rng: Rng) -> None:
    """An animal on four legs: from dog to giraffe to cow, by its proportions."""
    legs, neck, girth = rng.uniform(0.3, 0.9), rng.uniform(0.15, 0.8), rng.uniform(0.22, 0.42)
    thin = rng.uniform(0.035, 0.1)
    for x, far in ((-0.55, True), (0.42, True), (-0.65, False), (0.55, False)):
        knee = x + rng.normal(0, 0.1)
        foot = knee + rng.normal(0, 0.12)
        s.tube(
            [(x, 0.1), (knee, 0.1 + legs * 0.55), (foot, 0.1 + legs)],
            [thin * 1.6, thin, thin * 0.8],
            SECOND if far and rng.random() < 0.4 else MAIN,
        )
    swing = rng.normal(0, 0.3)
    s.tube([(-0.75, -0.1), (-0.95, 0.05 + swing), (-1.1, 0.1 + swing * 2)], [thin, thin * 0.6, thin * 0.5], MAIN)
    s.curve(
        [
            (-0.85, -0.1),
            (-0.6, -girth),
            (0.0, -girth * 0.85),
            (0.6, -girth),
            (0.85, 0),
            (0.6, girth * 0.9),
            (0, girth),
            (-0.6, girth * 0.8),
        ]
    )
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(1, 5))):
            s.fill(wobbly(rng, 0.16, 0.1, 0.5) + rng.uniform((-0.5, -0.1), (0.5, 0.1)), SECOND)
    x, y = 0.75 + neck * rng.uniform(0.2, 0.7), -girth * 0.5 - neck
    s.tube([(0.6, -0.1), (x, y)], [girth * 0.65, 0.13])
    for side in (-0.1, 0.06):
        s.fill(
            [
                (x + side - 0.05, y - 0.08),
                (x + side + 0.08, y - 0.08),
                (x + side + rng.normal(0, 0.08), y - rng.uniform(0.2, 0.4)),
            ],
            SECOND,
        )
    s.tube([(x, y), (x + rng.uniform(0.2, 0.4), y + 0.1)], [0.17, 0.09])
    s.oval(x + 0.07, y - 0.04, 0.03, material=DARK)


def bird(s: Sketch, rng: Rng) -> None:
    """A bird that stands, its wings up or folded."""
    thin = 0.025
    for x in (-0.1, 0.12):
        s.tube([(x, 0.3), (x + 0.03, 0.8), (x + 0.2, 0.82)], thin, DARK)
    s.fill([(-0.5, 0.0), (-1.2, rng.uniform(-0.3, 0.4)), (-1.1, rng.uniform(0.3, 0.5)), (-0.4, 0.25)], SECOND)
    s.curve([(-0.75, 0.1), (-0.3, -0.35), (0.3, -0.45), (0.65, -0.1), (0.3, 0.4), (-0.3, 0.4)])
    neck = rng.uniform(0.0, 0.5)
    s.tube([(0.4, -0.2), (0.55, -0.5 - neck)], [0.25, 0.16])
    s.oval(0.6, -0.55 - neck, 0.22, 0.2, THIRD if rng.random() < 0.4 else MAIN)
    s.fill([(0.75, -0.65 - neck), (1.15, -0.5 - neck), (0.75, -0.45 - neck)], SECOND)
    s.oval(0.66, -0.6 - neck, 0.04, material=DARK)
    if rng.random() < 0.4:
        s.fill([(-0.3, 0), (0.3, -0.1), (-0.2, -rng.uniform(0.8, 1.2)), (-0.6, -0.8)], SECOND)
    else:
        s.curve([(-0.6, 0.1), (0.0, -0.25), (0.35, -0.05), (-0.1, 0.25)], SECOND)


def fish(s: Sketch, rng: Rng) -> None:
    """A fish from the side, at times striped."""
    deep = rng.uniform(0.25, 0.7)
    s.fill([(-0.6, 0), (-1.15, -rng.uniform(0.2, 0.6)), (-0.95, 0), (-1.15, rng.uniform(0.2, 0.6))], SECOND)
    s.fill([(-0.4, -deep * 0.5), (0.0, -deep - rng.uniform(0.1, 0.4)), (0.4, -deep * 0.5)], SECOND)
    s.fill([(-0.1, deep * 0.4), (-0.3, deep + rng.uniform(0.1, 0.3)), (0.2, deep * 0.4)], SECOND)
    s.curve([(-0.85, 0), (-0.3, -deep), (0.5, -deep), (1.0, 0), (0.5, deep), (-0.3, deep)])
    s.oval(0.6, -0.08, 0.08, material=THIRD)
    s.oval(0.62, -0.08, 0.04, material=DARK)
    if rng.random() < 0.4:
        for x in (-0.2, 0.15):
            s.box(x, -deep * 0.6, x + 0.12, deep * 0.6, THIRD)


def tree(s: Sketch, rng: Rng) -> None:
    """A trunk that forks; bare, or under crowns of leaves."""
    bare = rng.random() < 0.35
    tips = []
    branches = [(np.array([0.0, 1.0]), rng.normal(0, 0.08), rng.uniform(0.5, 0.75), rng.uniform(0.06, 0.13))]
    for _ in range(4 if bare else 3):
        grown = []
        for start, lean, length, radius in branches:
            tip = start + np.array([math.sin(lean), -math.cos(lean)]) * length
            s.tube([start, tip], [radius, radius * 0.65], SECOND)
            tips.append(tip)
            for side in (-1, 1):
                grown.append(
                    (tip, lean + side * rng.uniform(0.15, 0.75), length * rng.uniform(0.55, 0.85), radius * 0.6)
                )
        branches = grown
    if not bare:
        for tip in tips[1:]:
            s.fill(
                wobbly(rng, rng.uniform(0.2, 0.4), rng.uniform(0.2, 0.35), 0.6) + tip,
                MAIN if rng.random() < 0.8 else THIRD,
            )


def flower(s: Sketch, rng: Rng) -> None:
    """A plant on a thin stem, sometimes in a pot."""
    x = rng.normal(0, 0.2)
    s.tube([(0, 1), (x * 0.3, 0.3), (x, -0.5)], 0.035, SECOND)
    for side in (-1, 1):
        y = rng.uniform(0, 0.7)
        s.curve([(0, y), (side * 0.3, y - 0.3), (side * 0.7, y - 0.25), (side * 0.35, y)], SECOND)
    petals = int(rng.integers(4, 10))
    for angle in even_angles(petals) + rng.uniform(0, 1):
        along = np.array([math.cos(angle), math.sin(angle)])
        out = np.array([-along[1], along[0]]) * 1.4 / petals
        center = np.array([x, -0.5])
        s.curve([center, center + along * 0.35 + out, center + along * 0.6, center + along * 0.35 - out])
    s.oval(x, -0.5, 0.15, material=THIRD)
    if rng.random() < 0.4:
        s.fill([(-0.4, 0.8), (0.4, 0.8), (0.28, 1.4), (-0.28, 1.4)], DARK)


def leaf(s: Sketch, rng: Rng) -> None:
    """One leaf with its veins."""
    wide = rng.uniform(0.2, 0.6)
    s.curve([(0, -1.1), (wide, -0.5), (wide * 1.1, 0.1), (0, 0.75), (-wide * 1.1, 0.1), (-wide, -0.5)])
    s.tube([(0, 1.1), (0, 0.5), (0, -0.8)], [0.04, 0.03, 0.01], SECOND)
    for y in (-0.4, -0.05, 0.3):
        for side in (-1, 1):
            s.tube([(0, y), (side * wide * 0.6, y - 0.25)], 0.012, SECOND)
