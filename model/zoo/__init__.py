"""Trained weights that come with the project: `zoo:NAME` stands for them wherever weights are asked for."""

from pathlib import Path

from model.errors import UserError

PREFIX = "zoo:"
DEFAULT = "zoo:tiny"
"""What predict and evaluate use where no weights are given."""
_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The names of all weights in the zoo; each is that of the network's preset."""
    return sorted(file.stem for file in _FOLDER.glob("*.ckpt"))


def file_of(name: str) -> Path:
    """The checkpoint called `name`. UserError where there is none."""
    if name not in names():
        raise UserError(
            f"weights {PREFIX}{name}: not in the zoo, which has {', '.join(PREFIX + known for known in names()) or 'nothing'}; "
            f"name one of these, a checkpoint (.ckpt), or the folder of a training run"
        )
    return _FOLDER / f"{name}.ckpt"
