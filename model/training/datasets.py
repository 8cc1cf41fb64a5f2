"""Finished datasets as training takes them: opened, checked, split by tag, and known by one digest."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from model.settings.classes import SpecialClasses
from pipelines.errors import UserError
from pipelines.formats.shards import NotADataset, ShardedDataset, open_dataset
from pipelines.meta import Meta, nearest


class DataError(UserError):
    """Datasets that cannot be trained on with this config."""


def open_all(locations: Sequence[str]) -> list[ShardedDataset]:
    """The finished datasets at these locations."""
    try:
        return [open_dataset(location) for location in locations]
    except NotADataset as error:
        raise DataError(f"data: {error}") from error


def check_classes(meta: Meta, classes: SpecialClasses, root: str) -> None:
    """Whether a dataset has the classes that training cannot do without, and clicks are points."""
    problems = []
    for role, title, needed in (
        ("foreground", classes.foreground, None),
        ("pos", classes.pos, "point"),
        ("neg", classes.neg, "point"),
    ):
        shape = meta.shape_of(title)
        if shape is None:
            found = ", ".join(meta.titles) or "none"
            problems.append(
                f"special_classes.{role} is {title!r}, which is no class there{nearest(title, meta.titles)}; "
                f"classes there: {found}"
            )
        elif needed is not None and shape != needed:
            problems.append(f"special_classes.{role} is {title!r}, a class of shape {shape}; clicks are of shape point")
        elif needed is None and shape in ("point", "line"):
            problems.append(f"special_classes.{role} is {title!r}, a class of shape {shape}, which has no area")
    if problems:
        raise DataError("\n  ".join([f"data {root} does not fit the config:", *problems]))


def split(datasets: Sequence[ShardedDataset], tag: str, foreground: str, role: str) -> np.ndarray:
    """Dataset and row, (n, 2), of every sample that has the tag and an object of the foreground class."""
    places: list[tuple[int, int]] = []
    without_object = 0
    for number, dataset in enumerate(datasets):
        columns = zip(dataset.index["tags"].to_pylist(), dataset.index["classes"].to_pylist(), strict=True)
        for row, (tags, classes) in enumerate(columns):
            if tag in tags and foreground in classes:
                places.append((number, row))
            without_object += tag in tags and foreground not in classes
    if places:
        return np.array(places, np.int64)
    where = ", ".join(dataset.root for dataset in datasets)
    if without_object:
        raise DataError(
            f"data {where}: none of the {without_object} samples with the tag {tag!r} has an object of class {foreground!r} "
            f"(special_classes.foreground); there is nothing to learn from"
        )
    raise DataError(
        f"data {where}: no sample has the tag {tag!r} (dataset_tags.{role}); tags there: {tag_counts(datasets)}. "
        f"Add a `tag` layer to the graph, name another tag in the config, or give more data: "
        f"a split by chance of few images may leave one side empty"
    )


def tag_counts(datasets: Sequence[ShardedDataset]) -> str:
    """`train (120), val (7)`: tags by the number of samples that have them."""
    counts: Counter[str] = Counter()
    for dataset in datasets:
        for tags in dataset.index["tags"].to_pylist():
            counts.update(tags)
    return ", ".join(f"{tag} ({count})" for tag, count in sorted(counts.items())) or "none"


def digest(datasets: Sequence[ShardedDataset]) -> str:
    """sha256 in hex of what the datasets hold: of one dataset its own, of several over theirs in order."""
    digests = [dataset.digest for dataset in datasets]
    return digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
