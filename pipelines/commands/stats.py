"""`stats`: numbers of a dataset, from its index alone."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.errors import UserError, shown
from pipelines.formats import storage
from pipelines.formats.dataset_statistics import Statistics, statistics
from pipelines.formats.licences import as_text
from pipelines.formats.shards import open_dataset

EPILOG = """\
examples:
  python -m pipelines stats out                     a table
  python -m pipelines stats out --output report     also report/stats.json and report/stats.png

No shard is read: the numbers come from samples.parquet, a million samples take seconds.
"""

_SHOWN = 12

DESCRIPTION = "Count the samples of a dataset by dataset, tag and class; measure its objects, points, images and files."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("dataset", metavar="DATASET", help="a dataset or its OUTPUT folder")
    parser.add_argument("--output", metavar="DIR", help="write stats.json and a page of plots, stats.png, there")


def run(arguments: argparse.Namespace) -> int:
    dataset = open_dataset(arguments.dataset)
    found = statistics(dataset)
    print("\n".join(_table(found.numbers)))
    if arguments.output:
        output = arguments.output.rstrip("/")
        if output == dataset.root.rstrip("/"):
            raise UserError(
                f"--output {output} is the dataset itself, which holds nothing but its own files; name another folder"
            )
        _write(output, found)
    return 0


def _write(output: str, found: Statistics) -> None:
    """Both files. The plots come last: without matplotlib the numbers are there all the same."""
    with shown(OSError):
        storage.make_folder(output)
        numbers = json.dumps(found.numbers, indent=2, ensure_ascii=False) + "\n"
        storage.write_bytes(storage.join(output, "stats.json"), numbers.encode())
    print(f"\nnumbers: {storage.join(output, 'stats.json')}")
    try:
        from pipelines.pictures.statistics_page import statistics_page
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise UserError(
            "the plots need matplotlib, which is not installed; install this package with its extra `train`"
        ) from None
    with shown(OSError):
        storage.write_bytes(storage.join(output, "stats.png"), statistics_page(found))
    print(f"plots:   {storage.join(output, 'stats.png')}")


def _table(numbers: Mapping[str, Any]) -> Iterator[str]:
    size = numbers["bytes"]
    used = numbers["sources"]["with_samples"]
    yield f"{numbers['dataset']}: {numbers['samples']:,} samples from {used:,} of {_images(numbers)}"
    yield (
        f"{size['shards'] / 1e6:,.1f} MB in {size['shard_files']} shards; "
        f"images {size['images'] / 1e6:,.1f} MB, annotations {size['annotations'] / 1e6:,.1f} MB"
    )
    total = max(numbers["samples"], 1)
    yield f"licences: {as_text(numbers['licences'])}"
    for what in ("datasets", "tags"):
        yield from _counted(f"samples by {what[:-1]}", numbers[what], total)
    yield ""
    yield f"{'class':<24}{'shape':<11}{'figures':>11}{'samples with it':>19}"
    for title, entry in list(numbers["classes"].items())[:_SHOWN]:
        share = 100 * entry["samples"] / total
        yield f"{_cut(title):<24}{entry['shape']:<11}{entry['figures']:>11,}{entry['samples']:>12,}{share:>5.0f} %"
    yield from _rest(numbers["classes"])
    yield ""
    yield f"{'':<36}{'min':>8}{'5 %':>8}{'median':>8}{'mean':>8}{'95 %':>8}{'max':>8}"
    yield from _spread("samples per source image", numbers["sources"]["samples_each"])
    yield from _spread("object area, % of the image", numbers["object_area_percent"])
    for title, values in numbers["points_per_sample"].items():
        yield from _spread(f"{_cut(title)} points per sample", values)
    yield from _spread("image width, px", numbers["image_width"])
    yield from _spread("image height, px", numbers["image_height"])


def _images(numbers: Mapping[str, Any]) -> str:
    images = numbers["sources"]["images"]
    return f"{images:,} image{'s' * (images != 1)}"


def _counted(title: str, counts: Mapping[str, int], total: int) -> Iterator[str]:
    if not counts:
        return
    yield ""
    yield title
    for name, count in list(counts.items())[:_SHOWN]:
        yield f"  {_cut(name):<33}{count:>11,}{100 * count / total:>5.0f} %"
    yield from _rest(counts)


def _rest(counts: Mapping[str, Any]) -> Iterator[str]:
    if len(counts) > _SHOWN:
        yield f"  and {len(counts) - _SHOWN} more (all of them in stats.json, see --output)"


def _spread(title: str, values: Mapping[str, float] | None) -> Iterator[str]:
    if values:
        yield f"{title:<36}" + "".join(
            f"{_short(values[key]):>8}" for key in ("min", "p5", "median", "mean", "p95", "max")
        )


def _short(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"


def _cut(name: str) -> str:
    return name if len(name) <= 22 else name[:21] + "…"
