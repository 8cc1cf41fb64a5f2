"""Trained weights that come with the project: `zoo:NAME` stands for them wherever weights are asked for."""

from pathlib import Path

from pipelines.errors import UserError

PREFIX = "zoo:"
DEFAULT = "zoo:lite"
"""What predict and evaluate use where no weights are given."""
FOLDER = Path(__file__).parent
"""Where they are."""


ENCODER = ".encoder"
"""How the names of files end that hold an encoder alone, for a training to begin with."""


def names() -> list[str]:
    """The names of all click networks in the zoo; each is that of its network."""
    return sorted(file.stem for file in FOLDER.glob("*.ckpt"))


def encoders() -> list[str]:
    """The names of all encoders in the zoo."""
    return sorted(file.stem for file in FOLDER.glob(f"*{ENCODER}"))


def file_of(name: str) -> Path:
    """The file called `name`, of a click network or an encoder. UserError where there is none."""
    if name in names():
        return FOLDER / f"{name}.ckpt"
    if name in encoders():
        return FOLDER / f"{name}{ENCODER}"
    known = ", ".join(PREFIX + known for known in [*names(), *encoders()])
    raise UserError(
        f"weights {PREFIX}{name}: not in the zoo, which has {known or 'nothing'}; "
        f"name one of these, a checkpoint (.ckpt), or the folder of a training run"
    )
