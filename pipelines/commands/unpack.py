"""`unpack`: a sharded dataset as a plain Supervisely project folder."""

from __future__ import annotations

import argparse
import json

from tqdm import tqdm

from pipelines.errors import UserError, shown
from pipelines.formats import storage
from pipelines.formats.shards import META, NotADataset, ShardedDataset, iterate, open_dataset, pictures
from pipelines.formats.supervisely import meta_json

EPILOG = """\
example:
  python -m pipelines unpack out unpacked

makes unpacked/meta.json, unpacked/<dataset>/img/<name>, unpacked/<dataset>/ann/<name>.json: a Supervisely project,
which its SDK opens and its import takes. meta.json is written last: a folder without it was not unpacked to the end.
"""


# What a dataset of a project can consist of.
_FOLDERS = {"img", "ann", "visualize", "masks_machine", "masks_human"}

DESCRIPTION = "Write the samples of a dataset as the files of a Supervisely project, one image and one annotation each."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("dataset", metavar="DATASET", help="a dataset or its OUTPUT folder")
    parser.add_argument("output", metavar="DIR", help="a folder (or address) that does not exist yet, or is empty")
    parser.add_argument("--overwrite", action="store_true", help="replace an unpacked project that lies there")


def run(arguments: argparse.Namespace) -> int:
    with shown(NotADataset):
        dataset = open_dataset(arguments.dataset)
    output = arguments.output.rstrip("/") or "/"
    _make_room(output, arguments.overwrite)
    with shown(OSError, NotADataset):
        datasets = _unpack(dataset, output)
    print(
        f"{len(dataset):,} samples in {len(datasets)} dataset{'s' * (len(datasets) != 1)} ({', '.join(datasets)}): {output}"
    )
    return 0


def _unpack(dataset: ShardedDataset, output: str) -> list[str]:
    """Write all files; returns the names of the datasets."""
    seen: set[str] = set()
    for row, sample in tqdm(iterate(dataset), total=len(dataset), desc="unpacking", unit="sample", disable=None):
        name, folder = _plain(row["name"]), _plain(row["dataset"])
        images, annotations = storage.join(output, folder, "img"), storage.join(output, folder, "ann")
        if folder not in seen:
            storage.make_folder(images)
            storage.make_folder(annotations)
            seen.add(folder)
        _write(storage.join(images, name), sample.image_bytes)
        _write(storage.join(annotations, f"{name}.json"), sample.annotation_bytes)
    for dataset_name, folder, name, content in pictures(dataset):
        place = storage.join(output, _plain(dataset_name), _plain(folder))
        storage.make_folder(place)
        _write(storage.join(place, _plain(name)), content)
    storage.make_folder(output)
    meta = json.dumps(meta_json(dataset.meta), indent=2, ensure_ascii=False)
    storage.write_bytes(storage.join(output, META), meta.encode())
    return sorted(seen)


def _write(location: str, data: bytes) -> None:
    """No detour over a temporary name: what was begun is told by the missing meta, and a million files add up."""
    fs, path = storage.file_system(location)
    with fs.open(path, "wb") as file:
        file.write(data)


def _plain(name: str) -> str:
    """A name that stays in its folder. Raises `UserError`: an index from elsewhere could point anywhere."""
    if not name or name in (".", "..") or "/" in name or "\\" in name:
        raise UserError(
            f"the index names a file {name!r}, which would lie outside of its folder; nothing more was written"
        )
    return name


def _make_room(output: str, overwrite: bool) -> None:
    """Refuse a folder that is not empty; with `overwrite` remove from it what an earlier run of this command wrote."""
    found = storage.names(output)
    if not found:
        if storage.exists(output) and not _is_folder(output):
            raise UserError(f"{output} is a file; name a folder that does not exist yet")
        return
    foreign = [name for name in found if name != META and set(storage.names(storage.join(output, name))) - _FOLDERS]
    foreign += [name for name in found if name != META and not _is_folder(storage.join(output, name))]
    if foreign:
        raise UserError(
            f"{output} holds files that are no unpacked project's ({', '.join(foreign[:3])}); name another folder"
        )
    if not overwrite:
        present = ", ".join(found[:3])
        raise UserError(
            f"{output} is not empty ({present}); name another folder, or replace its project with --overwrite"
        )
    # The meta goes first: without it the rest is visibly incomplete.
    for name in sorted(found, key=lambda name: name != META):
        storage.remove(storage.join(output, name))


def _is_folder(location: str) -> bool:
    fs, path = storage.file_system(location)
    return bool(fs.isdir(path))
