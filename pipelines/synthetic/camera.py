"""What a camera does to a scene: exposure, colour cast, vignette, blur, noise and, at times, an earlier JPEG."""

import math

import cv2
import numpy as np

from pipelines.synthetic.arrays import Bytes, Floats, Rng, thrice
from pipelines.synthetic.encode import jpeg


def develop(rng: Rng, canvas: Floats) -> Bytes:
    """The photograph, uint8 (height, width, 3) RGB, of a canvas, float32 (height, width, 3) RGB about 0..255."""
    height, width = canvas.shape[:2]
    canvas = np.clip(canvas, 0, 255)
    canvas /= np.float32(255)
    mean = max(float(canvas.mean()), 0.02)
    canvas *= np.float32((min(max(mean, rng.uniform(0.2, 0.4)), rng.uniform(0.6, 0.8)) / mean) ** 0.9)  # auto-exposure
    np.clip(canvas, 0, 1, out=canvas)
    canvas **= np.float32(math.exp(rng.normal(0, 0.22)))
    cast = np.exp(rng.normal(0, 0.06, 3)).astype(np.float32) * np.float32(rng.uniform(0.8, 1.1))
    canvas *= np.tile(cast, (1, width, 1))
    if rng.random() < 0.3:
        x, y = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
        vignette = 1 - np.float32(rng.uniform(0.1, 0.4)) * (x[None, :] ** 2 + y[:, None] ** 2) / 2
        canvas *= thrice(np.asarray(vignette, np.float32))
    if rng.random() < 0.3:
        cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.4, 1.2), dst=canvas)
    if rng.random() < 0.06:
        canvas = thrice(canvas.mean(2))
    if rng.random() < 0.7:
        canvas += _grain(rng, height, width)
    canvas *= 255
    canvas += 0.5
    image = np.clip(canvas, 0, 255, out=canvas).astype(np.uint8)
    if rng.random() < 0.25:
        earlier = np.frombuffer(jpeg(image, int(rng.integers(18, 70))), np.uint8)
        image = np.asarray(cv2.imdecode(earlier, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return image


def _grain(rng: Rng, height: int, width: int) -> Floats:
    """Noise to add to a picture of 0..1: of brightness alone, or of each channel on its own."""
    strength = np.float32(rng.uniform(0.005, 0.05))
    if rng.random() < 0.5:
        return thrice(strength * rng.standard_normal((height, width), dtype=np.float32))
    return strength * rng.standard_normal((height, width, 3), dtype=np.float32)
