"""Colours for things: small families of them, made up, fit for a material or taken from a picture."""

import colorsys

import numpy as np
from numpy.typing import NDArray

from pipelines.synthetic.arrays import Floats, Rng, pick
from pipelines.synthetic.sketch import DARK, GLASS

Color = NDArray[np.float64]
"""float64 (3,) RGB, about 0..255."""
Palette = tuple[Color, ...]

# mean and spread of hue, a turn being 1: earth, wood and skin most often, then leaves, then sky, then anything
_HUES = ((0.08, 0.04), (0.08, 0.05), (0.1, 0.06), (0.27, 0.07), (0.58, 0.06), (0.5, 1.0), (0.5, 1.0))


def rgb(hue: float, saturation: float, value: float) -> Color:
    """RGB 0..255 of a hue (in turns, any number) and a saturation and value that are limited to 0..1."""
    return np.array(colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0), 1))) * 255


def random_palette(rng: Rng) -> Palette:
    """2 to 4 colours, usually of one family, muted more often than bright."""
    hue, spread_of_hue = pick(rng, _HUES)
    hue = rng.normal(hue, spread_of_hue)
    saturation, value = rng.beta(1.4, 3.0), rng.beta(2.5, 2.0)
    if rng.random() < 0.15:
        saturation = rng.uniform(0.6, 1.0)
    family = rng.random() < 0.65
    spread = (0.04, 0.1, 0.16) if family else (0.5, 0.3, 0.3)
    steps = rng.normal(0, 1, (int(rng.integers(2, 5)), 3)) * spread
    return tuple(rgb(hue + h, saturation + s, value + v) for h, s, v in steps)


def palette_of(rng: Rng, material: int) -> Palette:
    """Colours fit for a material of `sketch`: near black for DARK, bluish for GLASS, anything for the others."""
    if material == DARK:
        return tuple(rgb(rng.random(), 0.15, v) for v in rng.uniform(0.03, 0.3, 2))
    if material == GLASS:
        return tuple(rgb(rng.uniform(0.45, 0.7), 0.2, v) for v in rng.uniform(0.2, 1.0, 2))
    return random_palette(rng)


def palette_near(rng: Rng, behind: Floats, alpha: Floats) -> Palette:
    """Colours of `behind` where `alpha` will cover it, moved a little: hard to tell from the surroundings."""
    inside = np.flatnonzero(alpha > 0.5)
    if not len(inside):
        return random_palette(rng)
    chosen = [divmod(int(place), alpha.shape[1]) for place in inside[rng.integers(0, len(inside), 3)]]
    shift = rng.normal(0, 14, 3)
    return tuple(behind[place].astype(np.float64) + shift + rng.normal(0, 5, 3) for place in chosen)
