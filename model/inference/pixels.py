"""What may be given as an image: RGB, with transparency, or grey; anything else is refused in words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import UserError


def rgb(image: Any) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of an image (H, W, 3), (H, W, 4) with transparency, which is left out, or (H, W) or (H, W, 1) grey.

    UserError for other shapes and types, and for an image without pixels.
    """
    if not isinstance(image, np.ndarray):
        hint = (
            "a file is read with cv2.imread(file)[..., ::-1]"
            if isinstance(image, str | bytes) or hasattr(image, "__fspath__")
            else "numpy.asarray(image) makes an array of most pictures"
        )
        raise UserError(f"an image is an array of pixels, found {type(image).__name__}; {hint}")
    channels = 1 if image.ndim == 2 else image.shape[2] if image.ndim == 3 else 0
    if channels not in (1, 3, 4):
        raise UserError(
            f"an image is height × width × 3 (RGB), × 4 (RGB and transparency), or height × width (grey), "
            f"found {' × '.join(map(str, image.shape)) or 'a single value'}"
        )
    if image.size == 0:
        raise UserError(f"the image has no pixels: {' × '.join(map(str, image.shape))}")
    if image.dtype != np.uint8:
        hint = (
            "values from 0 to 1 are multiplied by 255 and rounded first"
            if image.dtype.kind == "f"
            else "values are brought to 0 to 255 first"
        )
        raise UserError(
            f"an image is uint8, with values from 0 to 255, found {image.dtype}; {hint}: .astype(numpy.uint8)"
        )
    if image.ndim == 2 or channels == 1:
        return np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    return image[..., :3]
