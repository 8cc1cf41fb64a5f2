"""Counts and distributions of a dataset, computed column by column from its Parquet index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.formats import storage
from pipelines.formats.index import read_index
from pipelines.formats.shards import INDEX, ShardedDataset
from pipelines.meta import Meta

_COLUMNS = ["dataset", "source", "width", "height", "tags", "classes", "areas", "image_length", "annotation_length"]


@dataclass(frozen=True)
class Statistics:
    """`numbers` are plain JSON values; the arrays are what their distributions summarise.

    `areas` has the share of its image in percent for every figure that has an area, `points` for every class of points the
    number in each sample.
    """

    numbers: dict[str, Any]
    samples_per_source: np.ndarray
    areas: np.ndarray
    points: dict[str, np.ndarray]
    widths: np.ndarray
    heights: np.ndarray


def statistics(dataset: ShardedDataset) -> Statistics:
    """All statistics of a dataset. No shard is read."""
    address = storage.join(dataset.root, INDEX)
    index = read_index(address, _COLUMNS).combine_chunks()
    widths, heights = index["width"].to_numpy(), index["height"].to_numpy()
    titles, owners = pc.list_flatten(index["classes"]), pc.list_parent_indices(index["classes"]).to_numpy()
    per_source = np.sort(_counts(index["source"])[1])
    points = _points_per_sample(dataset.meta, titles, owners, len(index))
    areas = _area_percent(dataset.meta, titles, pc.list_flatten(index["areas"]), owners, widths, heights)
    shards = dataset.manifest["shards"]
    numbers = {
        "dataset": dataset.manifest["dataset"],
        "samples": len(index),
        "sources": {
            "images": sum(project["images"] for project in dataset.manifest["inputs"]["projects"].values()),
            "with_samples": len(per_source),
            "samples_each": spread(per_source),
        },
        "licences": {name: list(texts) for name, texts in dataset.licences.items()},
        "datasets": _counted(index["dataset"]),
        "tags": _counted(pc.list_flatten(index["tags"])),
        "classes": _classes(dataset.meta, titles, owners),
        "object_area_percent": spread(areas),
        "points_per_sample": {title: spread(values) for title, values in points.items()},
        "image_width": spread(widths),
        "image_height": spread(heights),
        "bytes": {
            "images": pc.sum(index["image_length"]).as_py() or 0,
            "annotations": pc.sum(index["annotation_length"]).as_py() or 0,
            "shards": sum(shard["bytes"] for shard in shards),
            "shard_files": len(shards),
        },
    }
    return Statistics(numbers, per_source, areas, points, widths, heights)


def spread(values: np.ndarray) -> dict[str, float] | None:
    """Extremes, mean and quantiles (linear between values); None of nothing."""
    if not len(values):
        return None
    quantiles = {"p5": 5, "p25": 25, "median": 50, "p75": 75, "p95": 95}
    found = dict(zip(quantiles, np.percentile(values, list(quantiles.values())).tolist(), strict=True))
    return {"min": float(values.min()), **found, "max": float(values.max()), "mean": float(values.mean())}


def _counts(column: Any) -> tuple[list[str], np.ndarray]:
    """The different values of a column and how often each occurs."""
    counted = pc.value_counts(column)
    return counted.field("values").to_pylist(), counted.field("counts").to_numpy()


def _counted(column: Any) -> dict[str, int]:
    """How often each value occurs, the most frequent first."""
    names, counts = _counts(column)
    pairs = zip(names, counts.tolist(), strict=True)
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def _classes(meta: Meta, titles: Any, owners: np.ndarray) -> dict[str, dict[str, Any]]:
    """For every class of the meta its shape, its figures, and the samples with at least one."""
    figures = _counted(titles)
    found = {
        spec.title: {
            "shape": spec.shape,
            "figures": figures.get(spec.title, 0),
            "samples": _different(owners[_is(titles, [spec.title])]),
        }
        for spec in meta.classes
    }
    return dict(sorted(found.items(), key=lambda item: -int(str(item[1]["figures"]))))


def _different(rising: np.ndarray) -> int:
    """How many different values a sorted array holds."""
    return int(np.count_nonzero(np.diff(rising))) + 1 if len(rising) else 0


def _points_per_sample(meta: Meta, titles: Any, owners: np.ndarray, samples: int) -> dict[str, np.ndarray]:
    kinds = [spec.title for spec in meta.classes if spec.shape == "point"]
    return {title: np.bincount(owners[_is(titles, [title])], minlength=samples) for title in kinds}


def _area_percent(
    meta: Meta, titles: Any, areas: Any, owners: np.ndarray, widths: np.ndarray, heights: np.ndarray
) -> np.ndarray:
    """For every figure that is neither a point nor a line: its share of the image in percent."""
    flat = [spec.title for spec in meta.classes if spec.shape not in ("point", "line")]
    chosen = _is(titles, flat)
    pixels = widths.astype(np.float64) * heights
    return 100 * areas.to_numpy()[chosen] / pixels[owners[chosen]]


def _is(titles: Any, wanted: list[str]) -> np.ndarray:
    """For every figure whether its class is one of these: bool."""
    return pc.is_in(titles, value_set=pa.array(wanted, pa.string())).to_numpy(zero_copy_only=False)
