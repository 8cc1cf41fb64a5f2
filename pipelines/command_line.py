"""The front of both packages' command lines: one command a module, loaded when it is called, and one way to end.

A command is a module with `DESCRIPTION`, `EPILOG`, `add_arguments(parser)` and `run(arguments)`, which returns the exit status.
Where it says `PASSES_ON`, options that it does not know are in `arguments.rest`.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.ends import end_of
from pipelines.version import __version__


@dataclass(frozen=True)
class CommandLine:
    """The commands of one package."""

    program: str
    """As it is called: `python -m pipelines`."""
    description: str
    package: str
    """Where the commands' modules are."""
    commands: Mapping[str, str]
    """Name → what the command is for, in one line."""
    epilog: str = ""

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Run one command; returns the exit status, see `pipelines.ends`."""
        given = list(sys.argv[1:] if arguments is None else arguments)
        try:
            status = self._run(given)
            sys.stdout.flush()
            return status
        except (Exception, KeyboardInterrupt) as error:
            ended = end_of(error)
            if ended is None:
                raise
            return ended

    def _run(self, given: list[str]) -> int:
        parser = argparse.ArgumentParser(
            prog=self.program,
            description=self.description,
            epilog=self.epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        parser.add_argument("--version", action="version", version=f"smart-tool {__version__}")
        commands = parser.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
        called = given[0] if given and given[0] in self.commands else None
        for name, purpose in self.commands.items():
            # Others load PyTorch or Beam, which takes seconds.
            if name != called:
                commands.add_parser(name, help=purpose, add_help=False)
        if called is None:
            parser.parse_args(given)
        module = importlib.import_module(f"{self.package}.{called}")
        own = commands.add_parser(
            str(called),
            help=self.commands[str(called)],
            description=module.DESCRIPTION,
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(own)
        options, rest = parser.parse_known_args(given)
        if rest and not getattr(module, "PASSES_ON", False):
            own.error(f"{called} has no option {rest[0]}; see {self.program} {called} --help")
        options.rest = rest
        return int(module.run(options))
