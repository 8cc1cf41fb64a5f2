"""`unpack`: a sharded dataset as plain files, in the form that another tool reads."""

from __future__ import annotations

import argparse
import functools
import textwrap
from typing import Any

from tqdm import tqdm

from pipelines.errors import UserError, shown
from pipelines.exports import FORMS, RECORD, Contents, Folder, Form, Notes
from pipelines.exports.folder import read_record, strangers, write_record
from pipelines.formats import storage
from pipelines.formats.shards import META, open_dataset

DESCRIPTION = "Write the samples of a dataset as plain files, in the form that another tool reads."

_DEFAULT = "supervisely"


def _words() -> list[str]:
    """The forms' words in the order of the alphabet, the default first."""
    return sorted(FORMS, key=lambda word: (word != _DEFAULT, word))


def _epilog() -> str:
    lines = ["forms:"]
    for word in _words():
        form = FORMS[word]
        lines.append(f"  {word:12} {form.title}")
        lines += [f"  {'':12} {line}" for line in _wrapped(f"files: {form.files_are}", f"objects: {form.objects_are}")]
    return "\n".join(lines)


def _wrapped(*texts: str) -> list[str]:
    return [line for text in texts for line in textwrap.wrap(text.replace("`", ""), 104, subsequent_indent="  ")]


EPILOG = f"""\
examples:
  python -m pipelines unpack out unpacked                     a Supervisely project
  python -m pipelines unpack out data/mine --as coco          for pycocotools, Detectron2, MMDetection, ...
  python -m pipelines unpack out data/mine --as yolo          yolo segment train data=data/mine/data.yaml ...

{_epilog()}

Images are copied byte for byte. What a form cannot hold is left out, counted and said, here and in unpacked.json, which a
Supervisely project does without. An unpacked.json that says "complete": false, or a project without meta.json, was not
unpacked to the end: do it again with --overwrite.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("dataset", metavar="DATASET", help="a dataset or its OUTPUT folder")
    parser.add_argument("output", metavar="DIR", help="a folder (or address) that does not exist yet, or is empty")
    parser.add_argument(
        "--as",
        dest="form",
        choices=_words(),
        default=_DEFAULT,
        help=f"the form of the files, see below (default {_DEFAULT})",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace what an earlier unpack left there, in any form"
    )


def run(arguments: argparse.Namespace) -> int:
    dataset = open_dataset(arguments.dataset)
    form = FORMS[arguments.form]
    output = arguments.output.rstrip("/") or "/"
    bar = functools.partial(tqdm, total=len(dataset), desc="unpacking", unit="sample", disable=None)
    contents, notes = Contents(dataset, bar), Notes()
    with shown(OSError):
        form.check(contents.meta)
        _make_room(output, arguments.overwrite)
        _export(form, contents, output, notes)
        names = contents.datasets
    plural = "s" * (len(names) != 1)
    print(f"{len(dataset):,} samples in {len(names)} dataset{plural} ({', '.join(names)}): {output}")
    for line in notes.lines():
        print(line)
    return 0


def _export(form: Form, contents: Contents, output: str, notes: Notes) -> None:
    """All files; the record says at once whose they are, and at the end that they are all there."""
    record: dict[str, Any] = {"form": form.word, "complete": False}
    if form.has_record:
        write_record(output, record)
    form.write(contents, Folder(output), notes)
    if form.has_record:
        stored = contents.stored
        for kind in contents.picture_folders:
            notes.add("pictures left out", "only the form supervisely has them", kind, len(stored))
        record |= {
            "complete": True,
            "dataset": contents.name,
            "digest": stored.digest,
            "samples": len(stored),
            "licences": stored.licences,
            "notes": notes.lines(),
            "renamed": notes.renamed,
        }
        write_record(output, record)


def form_table() -> str:
    """A line a form, in Markdown."""
    lines = ["| form | what it is | files | objects |", "|---|---|---|---|"]
    for word in _words():
        form = FORMS[word]
        lines.append(f"| `{word}` | {form.title} | {form.files_are} | {form.objects_are} |")
    return "\n".join(lines)


def _make_room(output: str, overwrite: bool) -> None:
    """Refuse a folder that is not empty; with `overwrite` remove from it what an earlier run of this command wrote."""
    found = storage.names(output)
    if not found:
        if storage.exists(output) and not _is_folder(output):
            raise UserError(f"{output} is a file; name a folder that does not exist yet")
        return
    record = read_record(output)
    form = FORMS.get(str(record.get("form")))
    known = form.contents if form and form.has_record else FORMS[_DEFAULT].contents
    if foreign := strangers(output, known):
        raise UserError(
            f"{output} holds files that are no unpacked project's ({', '.join(foreign[:3])}); name another folder"
        )
    if not overwrite:
        present = ", ".join(found[:3])
        raise UserError(
            f"{output} is not empty ({present}); name another folder, or replace its project with --overwrite"
        )
    # Without its meta, or by its record, the rest is visibly incomplete; and the record goes last, since it says whose it is.
    if record:
        write_record(output, record | {"complete": False})
    for name in sorted(found, key=lambda name: (name == RECORD, name != META)):
        storage.remove(storage.join(output, name))


def _is_folder(location: str) -> bool:
    fs, path = storage.file_system(location)
    return bool(fs.isdir(path))
