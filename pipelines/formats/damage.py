"""Whether manifest and index of a dataset can be what a run wrote: all that is wrong is told before anything is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipelines.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

ADVICE = "copy it again, or run the graph again"
NEEDED = ("name", "dataset", "shard", "offset", "image_length", "annotation_offset", "annotation_length")
"""Columns of the index without which no sample is found."""


class NotADataset(UserError):
    """A location that holds no finished dataset, or a damaged one."""


def check_manifest(manifest: Any, address: str) -> None:
    """Raise `NotADataset` with everything that no run can have written."""
    problems = list(_problems_of_manifest(manifest))
    if problems:
        raise NotADataset(f"{address} is damaged: {'; '.join(problems)}; {ADVICE}")


def _problems_of_manifest(manifest: Any) -> Iterator[str]:
    if not isinstance(manifest, dict):
        yield f"it is a {type(manifest).__name__} and not an object"
        return
    shards, samples = manifest.get("shards"), manifest.get("samples")
    if not _is_count(samples):
        yield f'"samples" is {samples!r}, a number is needed'
    if not isinstance(shards, list):
        yield f'"shards" is {type(shards).__name__}, a list is needed'
        return
    for number, shard in enumerate(shards):
        if not isinstance(shard, dict):
            yield f"shard {number} is {shard!r}"
            continue
        file = shard.get("file")
        if (
            not isinstance(file, str)
            or not file.endswith(".tar")
            or "/" in file
            or "\\" in file
            or file.startswith(".")
        ):
            yield f"the file of shard {number} is {file!r}; it is a name ending in .tar, beside the manifest"
        counts = [key for key in ("bytes", "samples") if not _is_count(shard.get(key))]
        if counts:
            yield f"{' and '.join(counts)} of shard {number} {'is' if len(counts) == 1 else 'are'} no number"
        if not isinstance(shard.get("sha256"), str):
            yield f"shard {number} has no sha256"
    counted = sum(shard["samples"] for shard in shards if isinstance(shard, dict) and _is_count(shard.get("samples")))
    if _is_count(samples) and counted != samples:
        yield f'"samples" is {samples:,}, but its shards have {counted:,}'


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def check_index(index: pa.Table, manifest: dict[str, Any], address: str) -> None:
    """Raise `NotADataset` where an index does not belong to this manifest, which is sound."""
    import numpy as np

    missing = [name for name in NEEDED if name not in index.column_names]
    if missing:
        raise NotADataset(f"{address} is damaged: it has no column {', '.join(missing)}; {ADVICE}")
    problems = []
    if index.num_rows != manifest["samples"]:
        problems.append(f"it has {index.num_rows:,} rows, the manifest says {manifest['samples']:,} samples")
    if any(index[name].null_count for name in NEEDED):
        problems.append("it has empty cells")
    elif index.num_rows:
        shard, *parts = (np.asarray(index[name].to_numpy(), np.int64) for name in NEEDED[2:])
        sizes = np.array([entry["bytes"] for entry in manifest["shards"]], np.int64)
        if shard.min() < 0 or shard.max() >= len(sizes):
            problems.append(f"it names shards from {shard.min()} to {shard.max()}, and there are {len(sizes)}")
        else:
            offset, image_length, annotation_offset, annotation_length = parts
            end = np.maximum(offset + image_length, annotation_offset + annotation_length)
            if min(part.min() for part in parts) < 0 or (end > sizes[shard]).any():
                problems.append("samples lie outside of their shards")
    if problems:
        raise NotADataset(f"{address} is damaged: {'; '.join(problems)}; {ADVICE}")
