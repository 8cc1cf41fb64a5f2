"""`preview`: a contact sheet of a dataset, or what each layer of a graph does to one image."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Sequence

import numpy as np
from PIL import Image

from pipelines import render
from pipelines.commands.arguments import PROJECT_HELP, read_plan, read_projects
from pipelines.errors import UserError, shown
from pipelines.execute.reading import Listing, list_images
from pipelines.figures import Figure
from pipelines.formats import storage
from pipelines.formats.shards import ShardedDataset, open_dataset
from pipelines.formats.supervisely import parse_annotation
from pipelines.meta import Meta, nearest
from pipelines.overlay import class_colors, fitted_size, overlay
from pipelines.pictures.contact_sheet import Tile, grid
from pipelines.pictures.layer_table import NothingToShow, layer_table
from pipelines.sources import SourceError
from pipelines.tag import Tag

_SIDE = 224
_FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}

EPILOG = """\
examples:
  python -m pipelines preview out                                      24 samples of the dataset in out
  python -m pipelines preview out --samples 60 --seed 1 --output sheet.png
  python -m pipelines preview configs/graphs/pascal_voc.json --layers --project PascalVOC=data/VOC2012
  python -m pipelines preview configs/graphs/pascal_voc.json --layers --project PascalVOC=data/VOC2012 --image 2007_000032

With --layers no dataset is needed: the graph runs on one image, here and now, and nothing but the picture is written.
"""

DESCRIPTION = (
    "Draw samples of a dataset with their masks and points, "
    "or, with --layers, what each layer of a graph makes of one image."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "graph", metavar="DATASET|GRAPH", help="a dataset or its OUTPUT folder; with --layers a graph's file"
    )
    parser.add_argument(
        "--samples", type=_positive, metavar="N", help="how many samples (default 24; with --layers 6 a layer)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="which samples; with --layers the run's (default 0)"
    )
    parser.add_argument("--output", metavar="FILE", help="FILE.png, .jpg or .webp (default preview.png or layers.png)")
    parser.add_argument("--layers", action="store_true", help="show the layers of a graph at work on one image")
    parser.add_argument(
        "--image",
        metavar="NAME",
        help="with --layers: an image's file name, as [DATASET/]NAME (default: the first that gives a sample)",
    )
    parser.add_argument(
        "--project", action="append", default=[], metavar="NAME=LOCATION", help=f"with --layers: {PROJECT_HELP}"
    )


def run(arguments: argparse.Namespace) -> int:
    output = arguments.output or ("layers.png" if arguments.layers else "preview.png")
    form = _FORMATS.get(output.rsplit(".", 1)[-1].lower())
    if form is None:
        raise UserError(
            f"--output {output}: the name of a picture ends in {', '.join(f'.{suffix}' for suffix in _FORMATS)}"
        )
    image, what = _layers(arguments) if arguments.layers else _sheet(arguments)
    data = io.BytesIO()
    image.save(data, form, **({"quality": 92} if form != "PNG" else {}))
    with shown(OSError):
        storage.write_bytes(output, data.getvalue())
    print(f"{what}: {output}")
    return 0


def _sheet(arguments: argparse.Namespace) -> tuple[Image.Image, str]:
    """The contact sheet of a dataset, and what to say of it."""
    location = arguments.graph
    for given, option in ((arguments.project, "--project"), (arguments.image, "--image")):
        if given:
            raise UserError(f"{option} belongs to --layers, which shows a graph at work; a dataset needs neither")
    if location.endswith(".json") and not location.endswith("manifest.json"):
        raise UserError(
            f"{location} is a file: a dataset is a folder that `run` made. To see what a graph's layers do to one image: "
            f"python -m pipelines preview {location} --layers --project NAME=LOCATION"
        )
    dataset = open_dataset(location.removesuffix("/manifest.json"))
    if not len(dataset):
        raise UserError(
            f"{dataset.root} has no sample; its {dataset.root}/manifest.json says at which layer they ended"
        )
    count = min(arguments.samples or 24, len(dataset))
    rows = np.sort(np.random.default_rng(arguments.seed).choice(len(dataset), count, replace=False))
    colors = class_colors(dataset.meta)
    tiles, seen = [], dict.fromkeys(dataset.meta.titles, 0)
    for row in rows.tolist():
        tile, figures = _tile(dataset, row, colors)
        tiles.append(tile)
        for figure in figures:
            seen[figure.title] += 1
    areas = sorted((spec for spec in dataset.meta.classes if spec.shape != "point"), key=lambda spec: -seen[spec.title])
    points = [spec for spec in dataset.meta.classes if spec.shape == "point"]
    legend = [(spec.title, colors[spec.title], spec.shape == "point") for spec in (*areas, *points) if seen[spec.title]]
    subtitle = f"{count} of {len(dataset):,} samples, drawn with seed {arguments.seed}"
    return grid(dataset.manifest["dataset"], subtitle, legend, tiles, _SIDE), f"{count} of {len(dataset):,} samples"


def _tile(
    dataset: ShardedDataset, row: int, colors: dict[str, tuple[int, int, int]]
) -> tuple[Tile, tuple[Figure, ...]]:
    stored = dataset.read(row)
    name = dataset.index["name"][row].as_py()
    with shown(render.BadPicture):
        pixels = render.decode(stored.image_bytes)
    annotation = parse_annotation(json.loads(stored.annotation_bytes), dataset.meta)
    size = fitted_size((pixels.shape[0], pixels.shape[1]), (_SIDE, _SIDE))
    picture = overlay(pixels, annotation.figures, colors, size)
    return Tile(picture, name, _note(annotation.figures, annotation.tags, dataset.meta)), annotation.figures


def _note(figures: Sequence[Figure], tags: Sequence[Tag], meta: Meta) -> str:
    """Tags and points of a sample, or its number of objects."""
    points = [spec.title for spec in meta.classes if spec.shape == "point"]
    counts = [f"{sum(figure.title == title for figure in figures)} {title}" for title in points]
    areas = sum(figure.title not in points for figure in figures)
    named = [tag.name if tag.value is None else f"{tag.name}={tag.value}" for tag in tags]
    return "  ".join([*named, f"{areas} object{'s' * (areas != 1)}", *counts])


def _layers(arguments: argparse.Namespace) -> tuple[Image.Image, str]:
    """The table of a graph's layers, and what to say of it."""
    if not arguments.project:
        raise UserError(
            f"--layers runs {arguments.graph} on an image; say where its project lies: --project NAME=LOCATION"
        )
    projects = read_projects(arguments)
    plan = read_plan(arguments, projects)
    with shown(SourceError, OSError):
        listing = list_images(plan, projects)
    if not listing.entries:
        raise UserError("the graph's data layers take no image: the datasets they name are empty")
    chosen = _chosen(listing, arguments.image)
    with shown(NothingToShow):
        image, origin = layer_table(plan, listing, chosen, projects, arguments.seed, arguments.samples or 6)
    return image, f"{len(plan.layers)} layers at work on {origin}"


def _chosen(listing: Listing, name: str | None) -> list[int]:
    """The entries to try, in order: the one that was named, or all."""
    if name is None:
        return list(range(len(listing.entries)))
    found = [
        number
        for number, origin in enumerate(listing.origins)
        if name
        in (origin.file, origin.stem, f"{origin.dataset}/{origin.file}", f"{origin.dataset}/{origin.stem}", str(origin))
    ]
    if not found:
        stems = [origin.stem for origin in listing.origins]
        hint = nearest(name, [*stems, *(origin.file for origin in listing.origins)])
        raise UserError(
            f"--image {name}: none of the {len(stems):,} images the graph reads has this name{hint}; "
            f"they are {listing.origins[0]} to {listing.origins[-1]}"
        )
    if len(found) > 1:
        choices = ", ".join(str(listing.origins[number]) for number in found[:4])
        raise UserError(f"--image {name}: {len(found)} images have this name; name one of them in full: {choices}")
    return found


def _positive(text: str) -> int:
    value = int(text) if text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, a whole number of at least 1 is expected")
    return value
