"""`layouts`: the forms of labelled images that can be read."""

from __future__ import annotations

import argparse

from pipelines.sources import LAYOUTS, layout_words

DESCRIPTION = "List the layouts of labelled images that graphs, evaluate and predict read, and how each is recognised."

EPILOG = """\
example:
  python -m pipelines layouts

A location is one of these: --project NAME=LOCATION finds out which; --project NAME=coco:LOCATION insists on one.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--markdown", action="store_true", help="as the table in docs/reference/datasets.md")


def run(arguments: argparse.Namespace) -> int:
    """The command."""
    print(layout_table() if arguments.markdown else "\n".join(map(_described, layout_words())))
    return 0


def _described(word: str) -> str:
    layout = LAYOUTS[word]
    return f"{word:12} {layout.title}\n{'':12} recognised by: {layout.recognised_by.replace('`', '')}"


def layout_table() -> str:
    """A line a layout, in Markdown."""
    lines = ["| layout | what it is | recognised by | datasets | objects |", "|---|---|---|---|---|"]
    for word in layout_words():
        layout = LAYOUTS[word]
        cells = (f"`{word}`", layout.title, layout.recognised_by, layout.datasets_are, layout.objects_are)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
