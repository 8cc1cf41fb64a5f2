"""`python -m pipelines`: from labelled images to training samples."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pipelines.command_line import CommandLine

COMMANDS = {
    "check": "find everything wrong with a graph",
    "draw": "draw a graph, with the counts of a run",
    "run": "make a dataset: run a graph on Beam",
    "preview": "look at samples, or at what each layer does",
    "stats": "numbers and plots of a dataset",
    "unpack": "turn shards into plain files: Supervisely, COCO, YOLO, masks",
    "synth": "draw an artificial labelled dataset",
    "actions": "explain the words of the graph language",
    "layouts": "list the layouts of labelled images",
}

_EPILOG = """\
a first run, on artificial data:
  python -m pipelines synth data/voc --format voc --images 200
  python -m pipelines check configs/graphs/pascal_voc.json --project PascalVOC=data/voc
  python -m pipelines run configs/graphs/pascal_voc.json --project PascalVOC=data/voc --output out
  python -m pipelines preview out

Each command explains itself: python -m pipelines run --help
"""

COMMAND_LINE = CommandLine(
    "python -m pipelines",
    "Turn labelled images into training samples: a graph says how, Apache Beam does it at any scale.",
    "pipelines.commands",
    COMMANDS,
    _EPILOG,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    return COMMAND_LINE.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
