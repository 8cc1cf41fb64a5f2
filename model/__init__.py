"""The click network: masks from clicks, training, evaluation.

    from model import Predictor

    predictor, card = Predictor.load("zoo:lite")
    session = predictor.set_image(image).click(210, 140, positive=True)
    session.mask

Names are loaded when they are used: `import model` alone loads nothing.
"""

from typing import TYPE_CHECKING, Any

from pipelines.version import __version__ as __version__

if TYPE_CHECKING:
    from model.api import (
        Candidate,
        Predictor,
        Session,
        Summary,
        TrainConfig,
        TrainResult,
        UserError,
        evaluate,
        read_config,
        train,
    )

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


def __getattr__(name: str) -> Any:
    if name in ("Candidate", "Predictor", "Session"):
        # Whoever only wants answers does without the training's libraries.
        from model.inference import predictor

        return getattr(predictor, name)
    if name not in __all__:
        raise AttributeError(f"module 'model' has no attribute {name!r}")
    from model import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return __all__
