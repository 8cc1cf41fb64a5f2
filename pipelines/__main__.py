"""`python -m pipelines`: from labelled images to training samples."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from pipelines.commands.errors import UserError

COMMANDS = ("check", "draw", "run", "preview", "stats", "unpack", "synth", "actions")

_EPILOG = """\
a first run, on artificial data:
  python -m pipelines synth data/voc --format voc --images 200
  python -m pipelines check configs/graphs/pascal_voc.json --project PascalVOC=data/voc
  python -m pipelines run configs/graphs/pascal_voc.json --project PascalVOC=data/voc --output out
  python -m pipelines preview out

Each command explains itself: python -m pipelines run --help
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines",
        description="Turn labelled images into training samples: a graph says how, Apache Beam does it at any scale.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        importlib.import_module(f"pipelines.commands.{name}").add_parser(commands)
    given, rest = parser.parse_known_args(arguments)
    if rest and given.command != "run":
        parser.error(f"{given.command} has no option {rest[0]}; see python -m pipelines {given.command} --help")
    given.rest = rest
    try:
        status = int(given.function(given))
        sys.stdout.flush()
        return status
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read the output, such as `head`, has seen enough; Python would complain when it closes the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
