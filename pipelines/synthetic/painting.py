"""Colour for silhouettes: the shadow an object casts, its textures, and the light on it."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.synthetic.arrays import Floats, Rng, thrice
from pipelines.synthetic.colors import Palette, palette_near, palette_of, random_palette
from pipelines.synthetic.silhouettes import Silhouette
from pipelines.synthetic.textures import ramp, texture


def cast_shadow(rng: Rng, canvas: Floats, silhouette: Silhouette, light: float) -> None:
    """Darken what lies behind the object; a shadow belongs to nobody, so no mask knows of it.

    `canvas` float32 (height, width, 3) RGB is changed in place; `light` is the angle it comes from, in radians.
    """
    if rng.random() < 0.35:
        return
    rows, columns = silhouette.window
    size = max(silhouette.alpha.shape)
    margin = int(size * 0.25) + 3
    top, left = max(rows.start - margin, 0), max(columns.start - margin, 0)
    behind = canvas[top : rows.stop + margin, left : columns.stop + margin]
    height, width = behind.shape[:2]
    shade = np.zeros((height, width), dtype=np.float32)
    shade[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = silhouette.alpha
    distance = rng.uniform(0.01, 0.15) * size
    moved = np.array([[1, 0, -math.cos(light) * distance], [0, 1, abs(math.sin(light)) * distance]])
    shade = np.asarray(cv2.warpAffine(shade, moved, (width, height)), np.float32)
    cv2.GaussianBlur(shade, (0, 0), max(rng.uniform(0.008, 0.05) * size, 0.6), dst=shade)
    behind *= thrice(1 - rng.uniform(0.15, 0.65) * shade)


def paint(rng: Rng, canvas: Floats, silhouette: Silhouette, light: float, look: Palette | None) -> None:
    """Texture each material, shade the whole as a body lit from the angle `light`, and blend it over the canvas.

    `canvas` float32 (height, width, 3) RGB is changed in place; `look` replaces the colours chosen for the object.
    """
    height, width = silhouette.alpha.shape
    behind = canvas[silhouette.window]
    camouflage = rng.random() < 0.2
    colors = np.zeros((height, width, 3), dtype=np.float32)
    nearby = palette_near(rng, behind, silhouette.alpha) if camouflage else None
    shared = random_palette(rng)
    for material, coverage in silhouette.coverage.items():
        palette = look or nearby or (palette_of(rng, material) if rng.random() < 0.8 else shared)
        patch = texture(rng, height, width, palette, max(height, width))
        patch *= thrice(coverage)
        colors += patch
    alpha = thrice(silhouette.alpha)
    colors /= np.maximum(alpha, 1e-3)
    shading = _shading(rng, silhouette.alpha, light)
    colors *= thrice(shading)
    if rng.random() < 0.7:
        colors *= thrice(1 - rng.uniform(0.0, 0.8) * silhouette.seams)
    if rng.random() < 0.35:
        colors += thrice(_gleam(rng, height, width))
    if rng.random() < 0.06:  # a pane: what lies behind shows through, the object ends where it ends all the same
        colors += (behind - colors) * rng.uniform(0.2, 0.5)
    np.clip(colors, 0, 255, out=colors)
    colors -= behind
    colors *= alpha
    behind += colors


def _shading(rng: Rng, alpha: Floats, light: float) -> Floats:
    """Brightness of a body with this outline: the blurred outline serves as its height, lit from the angle `light`."""
    height, width = alpha.shape
    shade = np.ones((height, width), dtype=np.float32)
    if rng.random() < 0.75:
        small = cv2.resize(alpha, (max(width // 2, 1), max(height // 2, 1)), interpolation=cv2.INTER_AREA)
        relief = cv2.GaussianBlur(small, (0, 0), max(rng.uniform(0.03, 0.15) * max(small.shape), 0.7))
        across, down = cv2.Sobel(relief, cv2.CV_32F, 1, 0), cv2.Sobel(relief, cv2.CV_32F, 0, 1)
        slope = math.cos(light) * across + math.sin(light) * down
        slope /= max(float(np.abs(slope).max()), 1e-6)
        shade += rng.uniform(0.1, 0.6) * cv2.resize(slope, (width, height))
    if rng.random() < 0.6:
        shade += rng.uniform(0.1, 0.7) * (ramp(height, width, light + rng.normal(0, 0.4)) - 0.5)
    return shade


def _gleam(rng: Rng, height: int, width: int) -> NDArray[np.float64]:
    """A soft highlight, in grey levels to add."""
    x, y = rng.uniform(0.2, 0.8, 2) * (width, height)
    reach_x, reach_y = rng.uniform(0.05, 0.25, 2) * max(width, height)
    across = ((np.arange(width, dtype=np.float32) - x) / reach_x) ** 2
    down = ((np.arange(height, dtype=np.float32) - y) / reach_y) ** 2
    return np.float32(rng.uniform(30, 150)) * np.exp(-down)[:, None] * np.exp(-across)[None, :]
