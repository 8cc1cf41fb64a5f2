"""Networks exported by `python -m model export`, run by ONNX Runtime on the CPU.

The file holds everything: normalisation, click discs, padding, and the weights card in its metadata. Its inputs are

    image    uint8   (B, H, W, 3)  RGB, any height and width
    previous float32 (B, 1, H, W)  last probabilities, zeros at first
    points   float32 (B, N, 3)     x, y, label in pixels: 1 positive, 0 negative, -1 a row that only fills up; N may be 0

and its outputs `probability` and `logits`, float32 (B, 1, H, W) both, and where the network can tell `score`, float32 (B,), the
predicted IoU of each answer.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.inference.backend import Answers
from model.weights.checkpoints import CARD_KEY, WeightsCard, WeightsError, first_line

INPUTS = ("image", "previous", "points")
PROBABILITY = "probability"
LOGITS = "logits"
SCORE = "score"

_ONLY_ERRORS = 3
"""ONNX Runtime's log level; below it, it tells every user about hardware that is not there."""


class OnnxBackend:
    """An exported network; see `model.inference.backend.Backend`."""

    device = torch.device("cpu")

    def __init__(self, session: ort.InferenceSession) -> None:
        """session: of a file with the inputs and outputs above."""
        self.session = session
        self._outputs = {output.name for output in session.get_outputs()}

    @classmethod
    def load(cls, path: str | Path, threads: int | None = None) -> tuple["OnnxBackend", WeightsCard]:
        """The network in the file, and its card. Raises WeightsError for a missing or foreign file.

        threads: how many share one run; all cores by default.
        """
        if not Path(path).is_file():
            raise WeightsError(f"weights {path}: no such file; `python -m model export` makes one from a checkpoint")
        options = ort.SessionOptions()
        options.log_severity_level = _ONLY_ERRORS
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        # ONNX Runtime's errors have no class of their own in common.
        except Exception as error:
            raise WeightsError(
                f"weights {path}: ONNX Runtime cannot read it ({first_line(error)}); "
                f"make it anew with `python -m model export`"
            ) from error
        return cls(session), card_in(session.get_modelmeta().custom_metadata_map, path)

    @property
    def scores(self) -> bool:
        """See `Backend`."""
        return SCORE in self._outputs

    def answers(self, image: Tensor, previous: Tensor, points: Tensor) -> Answers:
        """See `Backend`. The file takes bytes, as training did: colours are rounded to them."""
        pixels = (image * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
        wanted = [LOGITS, SCORE] if self.scores else [LOGITS]
        logits, *scores = self._run(wanted, pixels.numpy(), previous.numpy(), points.numpy())
        return Answers(torch.from_numpy(logits), torch.from_numpy(scores[0]) if scores else None)

    def probability(
        self, image: NDArray[np.uint8], previous: NDArray[np.float32], points: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """The file's own interface: (B, H, W, 3), (B, 1, H, W), (B, N, 3) → (B, 1, H, W)."""
        return self._run([PROBABILITY], image, previous, points)[0]

    def _run(self, outputs: Sequence[str], *inputs: np.ndarray) -> list[NDArray[np.float32]]:
        feed = {name: np.ascontiguousarray(value) for name, value in zip(INPUTS, inputs, strict=True)}
        return [np.asarray(answer) for answer in self.session.run(list(outputs), feed)]


def card_in(metadata: Mapping[str, str], file: str | Path) -> WeightsCard:
    """The weights card in the metadata of an ONNX file."""
    if CARD_KEY not in metadata:
        found = ", ".join(sorted(metadata)) or "nothing"
        raise WeightsError(
            f"weights {file}: an ONNX file of another program (its metadata holds {found}; {CARD_KEY!r} is needed); "
            f"give one written by `python -m model export`"
        )
    try:
        return WeightsCard.from_dict(json.loads(metadata[CARD_KEY]))
    except (TypeError, KeyError, ValueError) as error:
        raise WeightsError(
            f"weights {file}: its card cannot be read ({first_line(error)}); it was written by another version"
        ) from error
