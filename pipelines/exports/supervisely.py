"""`supervisely`: a plain Supervisely project folder, every byte as it is in the shards."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import ClassVar

from pipelines.exports.base import Form, registered
from pipelines.exports.contents import PICTURE_FOLDERS, Contents
from pipelines.exports.folder import Folder, Names
from pipelines.exports.notes import Notes
from pipelines.formats.shards import META
from pipelines.formats.supervisely import meta_json
from pipelines.meta import Meta

IMAGES, ANNOTATIONS = "img", "ann"


@registered
class Supervisely(Form):
    word: ClassVar[str] = "supervisely"
    title: ClassVar[str] = "a Supervisely project, which its SDK opens and its import takes"
    files_are: ClassVar[str] = (
        "`<dataset>/img/<name>`, `<dataset>/ann/<name>.json`, the pictures of `save` and `save_masks`; `meta.json` last"
    )
    objects_are: ClassVar[str] = "everything, as it is in the dataset"
    layout: ClassVar[str] = "supervisely"
    contents: ClassVar[tuple[str, ...]] = (
        META,
        *(f"*/{inner}" for inner in (IMAGES, ANNOTATIONS, *PICTURE_FOLDERS)),
    )
    # Nothing may lie in a project but its meta and its datasets. Without the meta, too, it is visibly incomplete.
    has_record: ClassVar[bool] = False

    def check(self, meta: Meta) -> None:
        """Every class can be told."""

    def write(self, contents: Contents, folder: Folder, notes: Notes) -> None:
        for dataset, samples in contents.by_dataset():
            names = Names(notes)
            for sample in samples:
                name = names.claim(sample.name, dataset)
                folder.write(sample.image, dataset, IMAGES, name)
                folder.write(sample.annotation, dataset, ANNOTATIONS, f"{name}.json")
        of_pictures: defaultdict[tuple[str, str], Names] = defaultdict(lambda: Names(notes))
        for dataset, inner, name, content in contents.pictures():
            own = of_pictures[dataset, inner].claim(name, f"{dataset}/{inner}")
            folder.write(content, dataset, inner, own)
        meta = json.dumps(meta_json(contents.meta), indent=2, ensure_ascii=False)
        folder.write_last(meta.encode(), META)
