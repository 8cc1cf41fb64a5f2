"""`python -m model`: train a network, use it, measure it."""

import sys
from collections.abc import Sequence

from pipelines.command_line import CommandLine

COMMANDS = {
    "train": "train the click network on finished datasets",
    "predict": "masks for the images of a project, from its points",
    "evaluate": "how many clicks a network needs on labelled images",
    "show": "a network at work: photographs after 1, 3, 5 clicks",
    "gate": "whether new weights may replace the old default",
    "export": "a trained network as one ONNX file",
    "score": "teach trained weights how good their answers are",
    "weights": "what trained weights are; a slim copy of them",
}

_EPILOG = """\
a first try, with the network that comes along:
  python -m model show
  python -m model show holiday.jpg 210,140,+ --output holiday_mask.png

Each command explains itself: python -m model train --help
"""

COMMAND_LINE = CommandLine(
    "python -m model", "Train the click network, use it, measure it.", "model.commands", COMMANDS, _EPILOG
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    return COMMAND_LINE.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
