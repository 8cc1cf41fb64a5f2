"""Beam's own options: told apart from typing mistakes, and set so that a plain local run just works."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions

from pipelines.meta import nearest

LOCAL_RUNNERS = ("DirectRunner", "FnApiRunner", "SwitchingDirectRunner", "BundleBasedDirectRunner")


class BadOption(ValueError):
    """An option that neither this program nor Beam knows."""


def read_options(arguments: Sequence[str], own: Sequence[str]) -> PipelineOptions:
    """Beam's options from what is left of the command line. Raises `BadOption` for what Beam would silently ignore."""
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False, conflict_handler="resolve")
    for group in PipelineOptions.__subclasses__():
        group._add_argparse_args(parser)  # type: ignore[arg-type]
    unknown = parser.parse_known_args(list(arguments))[1]
    if unknown:
        known = [*own, *parser._option_string_actions]
        name = unknown[0].split("=")[0]
        raise BadOption(
            f"there is no option {name}{nearest(name, known)}; see --help, and Beam's documentation for Beam's options"
        )
    options = PipelineOptions(list(arguments))
    standard = options.view_as(StandardOptions)
    known_runners = StandardOptions.KNOWN_RUNNER_NAMES
    if standard.runner and "." not in standard.runner and standard.runner not in known_runners:
        raise BadOption(
            f"there is no runner {standard.runner!r}{nearest(standard.runner, known_runners)}; "
            f"Beam knows {', '.join(known_runners)}"
        )
    if standard.runner in (None, "DirectRunner"):
        # The portable in-process runner: the one that has worker processes, and needs nothing but Python.
        standard.runner = "FnApiRunner"
        options.view_as(DirectOptions).direct_num_workers = options.view_as(DirectOptions).direct_num_workers or 1
    return options


def runs_here(options: PipelineOptions) -> bool:
    """Whether the workers share this machine's file system."""
    return options.view_as(StandardOptions).runner in LOCAL_RUNNERS or "LOOPBACK" in str(
        options.get_all_options().get("environment_type")
    )
