"""Weights and the card that says what they are: written into every checkpoint, read wherever a trained network is needed."""

import pickle
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.networks import NETWORKS, ClickNetwork, build, channels_last
from model.weights import zoo
from pipelines.errors import UserError
from pipelines.version import __version__

CARD_KEY = "weights_card"
"""Where a checkpoint carries the card."""
PREFIXES = ("average.", "network.")
"""The network's tensors stand under the first of these prefixes that a checkpoint's state_dict has: the moving average of
the weights where one was kept."""
ENCODER_KEY = "encoder_card"
"""Where a file with an encoder alone, trained on something else than clicks, carries what it is."""
ENCODER_TENSORS = "encoder"
SCORE_HEAD = "score_head."
"""How the names of tensors begin that say how good answers are; not all weights have them."""
CHECKPOINT_NAMES = ("best.ckpt", "last.ckpt")
"""What is looked for, in this order, where a run's folder is given in place of a checkpoint."""


class WeightsError(UserError):
    """A file that should hold trained weights does not."""


@dataclass(frozen=True)
class EncoderCard:
    """What one needs to know of an encoder that has never seen a click: a training may begin with it, nothing else."""

    network: str
    """Its name in `model.networks.NETWORKS`: whose encoder it is."""
    source: str
    """Where it comes from, and under which licence."""
    source_sha256: str
    """Of the file that it was converted from."""

    def to_dict(self) -> dict[str, Any]:
        """Plain strings, as a file stores them."""
        return asdict(self)


@dataclass(frozen=True)
class WeightsCard:
    """What one needs to know of a trained network besides its tensors. Plain data only."""

    network: str
    """Its name in `model.networks.NETWORKS`."""
    input_size: tuple[int, int]
    """Height and width, in pixels, that it was trained at."""
    click_radius: float
    """Radius of the click discs in pixels of the input, at `input_size`."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The training config, as read."""
    dataset_digest: str = ""
    """sha256 of the dataset (of several: of their digests)."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Validation metrics at the moment of saving."""
    look_size: int | None = None
    """Longer side of the network's input, in pixels, at which answers were found best; None: that of the training."""
    origin: Mapping[str, str] = field(default_factory=dict)
    """What the other fields cannot say of where the weights come from, in words."""
    licences: Mapping[str, str] = field(default_factory=dict)
    """Licence of every pool of images that they were trained on, by its name."""

    @property
    def look(self) -> int:
        """Longer side of the network's input, in pixels, unless somebody wants another."""
        return self.look_size or max(self.input_size)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists, numbers and strings, as a checkpoint stores them."""
        return {**asdict(self), "input_size": list(self.input_size)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "WeightsCard":
        """The reverse of `to_dict`, for cards of earlier versions, too."""
        return cls(**{**_of_today(data), "input_size": tuple(data["input_size"])})


def _of_today(card: Mapping[str, Any]) -> dict[str, Any]:
    """The network's name was called `preset` up to version 0.1."""
    return {("network" if key == "preset" else key): value for key, value in card.items()}


def load_network(path: str | Path, device: str | torch.device = "cpu") -> tuple[ClickNetwork, WeightsCard]:
    """The network in eval mode on `device`, and its card.

    path: a checkpoint of `python -m model train`, the folder of a run (its best checkpoint, else its last), or `zoo:NAME`.
    Raises WeightsError for a missing or foreign file. No code stored in the file is ever executed.
    """
    file = checkpoint_file(path)
    checkpoint = read_checkpoint(file)
    card = card_of(checkpoint, file)
    network = build(card.network)
    tensors = network_tensors(checkpoint)
    if has_score_head(tensors):
        network.add_score_head()
    load_strictly(network, tensors, file)
    return channels_last(network).eval().to(device), card


def checkpoint_file(path: str | Path) -> Path:
    """The checkpoint that `path` (a file, the folder of a run, or `zoo:NAME`) means."""
    if str(path).startswith(zoo.PREFIX):
        return zoo.file_of(str(path).removeprefix(zoo.PREFIX))
    path = Path(path)
    if path.is_file():
        return path
    if not path.exists():
        raise WeightsError(
            f"weights {path}: no such file or folder; give a checkpoint (.ckpt) written by `python -m model train`, "
            f"the folder of its run, or one of {', '.join(zoo.PREFIX + name for name in zoo.names())}"
        )
    for folder in (path / "checkpoints", path):
        for name in CHECKPOINT_NAMES:
            if (folder / name).is_file():
                return folder / name
    raise WeightsError(
        f"weights {path}: a folder without {' or '.join(CHECKPOINT_NAMES)} in it or in its checkpoints/; "
        f"training writes them at the first validation"
    )


def read_checkpoint(file: Path) -> dict[str, Any]:
    """The checkpoint's dictionary: tensors and plain data, on the CPU. WeightsError for a file that is damaged or foreign."""
    check_whole(file)
    try:
        checkpoint = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"weights {file}: holds Python objects and not only tensors and plain data, and objects may run code when they are "
            f"loaded; give a checkpoint written by `python -m model train`"
        ) from error
    except (RuntimeError, EOFError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise WeightsError(
            f"weights {file}: not a checkpoint of tensors and plain data ({first_line(error)}); "
            f"give one written by `python -m model train`"
        ) from error
    if not isinstance(checkpoint, dict):
        raise WeightsError(
            f"weights {file}: holds a {type(checkpoint).__name__}, not a checkpoint; "
            f"give one written by `python -m model train`"
        )
    return checkpoint


def check_whole(file: Path) -> None:
    """Raise WeightsError where the checksums in a checkpoint's archive say that its bytes are not those that were written.

    PyTorch reads tensors without looking at them: most single damaged bytes would go unnoticed into the network.
    """
    if not zipfile.is_zipfile(file):
        return
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise WeightsError(
            f"weights {file}: damaged ({first_line(error)}); copy the file again, or take an earlier checkpoint"
        ) from error
    if damaged is not None:
        raise WeightsError(
            f"weights {file}: damaged, its part {damaged} does not fit its checksum; copy the file again, or take an earlier "
            f"checkpoint"
        )


def card_of(checkpoint: Mapping[str, Any], file: str | Path) -> WeightsCard:
    """The card in a checkpoint read from `file`."""
    if ENCODER_KEY in checkpoint:
        encoder = encoder_card_of(checkpoint, file)
        raise WeightsError(
            f"weights {file}: an encoder alone ({encoder.source}), which has never seen a click and gives no masks; "
            f'begin a training with it: "weights_init_type": "transfer_learning", "network": "{encoder.network}"'
        )
    if CARD_KEY not in checkpoint or "state_dict" not in checkpoint:
        keys = ", ".join(sorted(str(key) for key in checkpoint)[:8]) or "nothing"
        raise WeightsError(
            f"weights {file}: a checkpoint of another program (it holds {keys}; {CARD_KEY!r} and 'state_dict' are needed); "
            f"give one written by `python -m model train`"
        )
    strange = sorted(set(checkpoint[CARD_KEY]) - {"preset", *(entry.name for entry in fields(WeightsCard))})
    if strange:
        raise WeightsError(
            f"weights {file}: its card has {', '.join(strange)}, which this version, {__version__}, does not know: it was "
            f"written by a later one; use that"
        )
    try:
        card = WeightsCard.from_dict(checkpoint[CARD_KEY])
    except (TypeError, KeyError) as error:
        raise WeightsError(
            f"weights {file}: its card cannot be read ({first_line(error)}); it was written by another version"
        ) from error
    if card.network not in NETWORKS:
        raise WeightsError(
            f"weights {file}: network {card.network!r} is not known here; known are {', '.join(NETWORKS)}"
        )
    return card


def encoder_card_of(checkpoint: Mapping[str, Any], file: str | Path) -> EncoderCard:
    """The card of a file with an encoder alone."""
    try:
        return EncoderCard(**_of_today(checkpoint[ENCODER_KEY]))
    except TypeError as error:
        raise WeightsError(
            f"weights {file}: its card cannot be read ({first_line(error)}); it was written by another version"
        ) from error


def encoder_tensors(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """The tensors of a file with an encoder alone, by their names inside the network."""
    return {f"{ENCODER_TENSORS}.{name}": tensor for name, tensor in checkpoint[ENCODER_TENSORS].items()}


def network_tensors(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """The network's own tensors, by their names inside the network."""
    tensors = checkpoint["state_dict"]
    prefix = next((prefix for prefix in PREFIXES if any(name.startswith(prefix) for name in tensors)), PREFIXES[-1])
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def has_score_head(tensors: Mapping[str, Tensor]) -> bool:
    """Whether these, by their names inside the network, score their answers."""
    return any(name.startswith(SCORE_HEAD) for name in tensors)


def load_strictly(network: ClickNetwork, tensors: Mapping[str, Tensor], file: str | Path) -> None:
    """Every tensor of the network from `tensors`, none missing, none left over, all of the same shape."""
    expected = network.state_dict()
    problems = [f"{name} is missing" for name in expected if name not in tensors]
    problems += [f"{name} is not part of this network" for name in tensors if name not in expected]
    problems += [
        f"{name} is {tuple(tensors[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    if problems:
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise WeightsError(
            f"weights {file} do not fit the network: {'; '.join(problems[:3])}{more}. "
            f'Choose the same `network` as they were trained with, or weights_init_type "transfer_learning"'
        )
    network.load_state_dict(dict(tensors))


def load_what_fits(network: ClickNetwork, tensors: Mapping[str, Tensor]) -> list[str]:
    """Take over every tensor of equal name and shape except the heads'; returns the names that keep their fresh values."""
    heads = ("head.", "auxiliary_head.")
    taken = {
        name: tensors[name]
        for name, tensor in network.state_dict().items()
        if name in tensors and tensors[name].shape == tensor.shape and not name.startswith(heads)
    }
    network.load_state_dict(taken, strict=False)
    return [name for name in network.state_dict() if name not in taken]


def first_line(error: Exception) -> str:
    """The first line of an error's text, for use inside another message."""
    return str(error).strip().split("\n")[0] or type(error).__name__
