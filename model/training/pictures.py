"""Pictures of what the network answers, taken at every validation: image with clicks | truth | answer."""

from pathlib import Path

import cv2
import numpy as np
import pytorch_lightning as pl
from numpy.typing import NDArray
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor

from model.clicks.tensors import PADDING, POSITIVE
from model.clicks.threshold import THRESHOLD
from model.training.samples import Batch

Pixels = NDArray[np.uint8]

GREEN, RED, YELLOW, GREY = (40, 200, 40), (230, 40, 40), (255, 220, 0), (128, 128, 128)
_GAP = 4
_SMALLEST_TILE = 160


class Pictures(pl.Callback):
    """Writes `step_00001200.png` at every validation, and shows the same in TensorBoard."""

    def __init__(self, folder: Path, count: int = 8) -> None:
        """folder: where the files go; made when needed.  count: samples in a picture, the first of the split."""
        self.folder = folder
        self.count = count

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: dict[str, Tensor],  # type: ignore[override]
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if batch_idx > 0 or not trainer.is_global_zero:
            return
        # Samples that only fill up the batch would show others a second time.
        real = batch["counted"].cpu().nonzero()[: self.count, 0]
        shown = [part.cpu()[real] for part in outputs.values()]
        picture = contact_sheet(*(part.numpy() for part in shown))
        self.folder.mkdir(parents=True, exist_ok=True)
        step = trainer.global_step
        path = self.folder / f"step_{step:08d}.png"
        cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.add_image("validation", picture, step, dataformats="HWC")


def contact_sheet(images: Pixels, labels: np.ndarray, probabilities: np.ndarray, points: np.ndarray) -> Pixels:
    """One row a sample, (H', W', 3) RGB.

    images (B, 3, H, W) uint8, labels (B, H, W) 1 / 0 / -1, probabilities (B, 1, H, W), points (B, N, 3).
    """
    samples = zip(images.transpose(0, 2, 3, 1), labels, probabilities[:, 0], points, strict=True)
    return np.concatenate([row_of(*sample) for sample in samples])


def row_of(image: Pixels, label: np.ndarray, probability: np.ndarray, points: np.ndarray) -> Pixels:
    """Three tiles side by side: the image with its clicks, the true mask, the outline of the answer."""
    scale = max(1, -(-_SMALLEST_TILE // min(label.shape)))
    large = enlarged(np.ascontiguousarray(image), scale)
    label = enlarged(label.astype(np.int8), scale)
    answer = enlarged((probability > THRESHOLD).astype(np.uint8), scale)
    tiles = [with_clicks(large, points, scale), with_truth(large, label), with_outline(large, answer)]
    return np.concatenate(
        [cv2.copyMakeBorder(tile, 0, _GAP, 0, _GAP, cv2.BORDER_CONSTANT, value=GREY) for tile in tiles], axis=1
    )


def enlarged(array: np.ndarray, scale: int) -> np.ndarray:
    """Every pixel as a square of `scale` pixels."""
    return array.repeat(scale, axis=0).repeat(scale, axis=1)


def with_clicks(image: Pixels, points: np.ndarray, scale: int) -> Pixels:
    """Positive clicks as green, negative ones as red discs with a white rim."""
    tile = image.copy()
    for x, y, label in points[points[:, 2] != PADDING]:
        centre = (round((x + 0.5) * scale), round((y + 0.5) * scale))
        cv2.circle(tile, centre, 5, (255, 255, 255), thickness=-1)
        cv2.circle(tile, centre, 4, GREEN if label == POSITIVE else RED, thickness=-1)
    return tile


def with_truth(image: Pixels, label: np.ndarray) -> Pixels:
    """The object tinted green, what is ignored tinted grey, the rest darkened."""
    tile = image // 2
    tile[label == 1] = image[label == 1] // 2 + np.array(GREEN, np.uint8) // 2
    tile[label < 0] = GREY
    return tile


def with_outline(image: Pixels, answer: np.ndarray) -> Pixels:
    """The answer's border in yellow."""
    tile = image.copy()
    outlines, _ = cv2.findContours(answer, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(tile, outlines, -1, YELLOW, 2)
    return tile
