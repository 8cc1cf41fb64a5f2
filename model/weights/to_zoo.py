"""The last step of weights into the zoo: a small file with its card, and its row in the zoo's page."""

import re
from pathlib import Path

import torch
from torch import Tensor

from model.weights import zoo
from model.weights.checkpoints import CARD_KEY, card_of, checkpoint_file, encoder_card_of, read_checkpoint
from model.weights.copies import digest, slim_tensors
from pipelines.errors import UserError

LARGEST_MB = 9.0
PAGE = "README.md"
BEGIN, END = "<!-- files: `python -m model weights RUN --to-zoo NAME` writes these rows -->", "<!-- end of files -->"
HEAD = "| name | file | network | size | sha256 |\n|---|---|---|---|---|"


def to_zoo(weights: str, name: str, folder: Path | None = None, overwrite: bool = False) -> Path:
    """Write the weights as `zoo:name`, in 16 bits, and the zoo's page; returns the file.

    folder: of the zoo.  UserError for a name that cannot be one or is taken, a folder that is no zoo, and weights too large.
    """
    folder = zoo.FOLDER if folder is None else folder
    page = folder / PAGE
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise UserError(f"--to-zoo {name}: a name has small letters, digits and single hyphens, e.g. lite-free")
    if not page.is_file() or BEGIN not in page.read_text(encoding="utf-8"):
        raise UserError(
            f"--to-zoo: {page} is not there, or has no table of files; this is done in a checkout of the project"
        )
    file = folder / f"{name}.ckpt"
    source = checkpoint_file(weights)
    if file.exists() and not overwrite:
        raise UserError(
            f"--to-zoo {name}: {file} is there already; choose another name, or replace it with --overwrite"
        )
    checkpoint = read_checkpoint(source)
    card = card_of(checkpoint, source)
    unfinished = file.with_suffix(".unfinished")
    try:
        torch.save({"state_dict": halved(slim_tensors(checkpoint)), CARD_KEY: card.to_dict()}, unfinished)
        size = unfinished.stat().st_size / 1e6
        if size >= LARGEST_MB:
            raise UserError(
                f"--to-zoo {name}: {size:.1f} MB in 16 bits; what comes along with the project stays below {LARGEST_MB:g} MB"
            )
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    page.write_text(with_table(page.read_text(encoding="utf-8"), folder), encoding="utf-8")
    return file


def halved(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Numbers in 16 bits, counters as they are."""
    return {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def with_table(page: str, folder: Path) -> str:
    """The zoo's page with a row for each file that is in the folder now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = [_row(file) for file in sorted(folder.iterdir()) if file.suffix in (".ckpt", zoo.ENCODER)]
    return "\n".join([f"{before}{BEGIN}", HEAD, *rows, f"{END}{after}"])


def _row(file: Path) -> str:
    checkpoint = read_checkpoint(file)
    is_encoder = file.suffix == zoo.ENCODER
    card = encoder_card_of(checkpoint, file) if is_encoder else card_of(checkpoint, file)
    network = f"encoder of `{card.network}`" if is_encoder else f"`{card.network}`"
    size = file.stat().st_size / 1e6
    return f"| `{zoo.PREFIX}{file.stem}` | `{file.name}` | {network} | {size:.1f} MB | `{digest(file)}` |"
