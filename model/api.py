"""What Python programs use of this package: answers to clicks, training, evaluation. `model` offers the same names."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from model.evaluation.annotators import ANNOTATORS
from model.evaluation.candidates import LOOKS, network_candidate
from model.evaluation.data import open_evaluation
from model.evaluation.objects import EvaluationPlan
from model.evaluation.objects import evaluate as _evaluated
from model.evaluation.protocol import MAX_CLICKS, Summary, summarise
from model.inference.backend import load_backend
from model.inference.predictor import Candidate, Predictor, Session
from model.training.config import TrainConfig, parse_config, read_config
from model.training.devices import ACCELERATORS, Accelerator
from model.training.options import TrainOptions, TrainResult
from model.training.train import train as _trained
from model.weights import zoo
from pipelines.errors import UserError

__all__ = [
    "Candidate",
    "Predictor",
    "Session",
    "Summary",
    "TrainConfig",
    "TrainResult",
    "UserError",
    "evaluate",
    "read_config",
    "train",
]


def train(
    config: str | Path | Mapping[str, Any] | TrainConfig,
    data: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    *,
    weights: str | Path | None = None,
    resume: str | None = None,
    accelerator: Accelerator = "auto",
    devices: int | None = None,
    overwrite: bool = False,
    progress: bool = False,
) -> TrainResult:
    """Train a network, or go on training it; the result has the run's folder and the cards of its best and last weights.

    config: a JSON file, what such a file holds, or a config.  data: finished datasets of `pipelines.run`, used together.
    output: the run's folder; None: a new numbered one below `runs/`.  weights: where to begin, as the config's
    `weights_init_type` says: a checkpoint, a run's folder, or `zoo:NAME`.  resume: a run's folder or a checkpoint to go on
    with, or "auto".  accelerator: auto, cpu or gpu.  devices: processes on the CPU, or the first so many GPUs.
    Raises UserError for everything that its caller can mend.
    """
    if accelerator not in ACCELERATORS:
        raise UserError(f"accelerator {accelerator!r}: allowed are {', '.join(ACCELERATORS)}")
    places = [data] if isinstance(data, str | Path) else data
    options = TrainOptions(
        data=tuple(map(str, places)),
        output=None if output is None else str(output),
        accelerator=accelerator,
        devices=devices,
        weights=None if weights is None else str(weights),
        resume=resume,
        overwrite=overwrite,
        progress=progress,
    )
    return _trained(_config(config), options)


def evaluate(
    data: str | Path,
    weights: str | Path = zoo.DEFAULT,
    *,
    split: str | None = None,
    look: str = "people",
    target_size: int | None = None,
    annotator: str = "centre",
    max_clicks: int = MAX_CLICKS,
    limit: int | None = None,
    device: str = "cpu",
    progress: bool = False,
) -> Summary:
    """How many clicks a network needs on labelled images: mean number of clicks (`noc`, by IoU), `mean_iou` by click, and more.

    data, split: as `python -m model evaluate` takes them.  weights: a checkpoint, a run's folder, an exported .onnx file, or
    `zoo:NAME`.  look: `people` or `published`.  target_size: longer side of what the network sees; None: what its card says.
    annotator: `centre` or `people`.  limit: only the first so many objects. Raises UserError.
    """
    for name, value, allowed in (("look", look, LOOKS), ("annotator", annotator, ANNOTATORS)):
        if value not in allowed:
            raise UserError(f"{name} {value!r}: allowed are {', '.join(allowed)}")
    backend, card = load_backend(weights, device)
    candidate = network_candidate("weights", backend, card, look, target_size)
    plan = EvaluationPlan(max_clicks=max_clicks, quick=True, annotator=annotator, limit=limit, guaranteed=False)
    results = _evaluated(open_evaluation(str(data), split), [candidate], plan, progress)
    if not results:
        raise UserError(f"data {data}: no object to evaluate on; look at split")
    return summarise([result.protocol for result in results], max_clicks)


def _config(given: str | Path | Mapping[str, Any] | TrainConfig) -> TrainConfig:
    if isinstance(given, TrainConfig):
        return given
    if isinstance(given, Mapping):
        return parse_config(json.dumps(given), "config")
    return read_config(given)
