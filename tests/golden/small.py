"""The part of the golden cases that lies in this repository, so that every checkout compares with them.

    python tests/golden/small.py GOLDEN        makes small.tar.xz from the whole set

`small.tar.xz` holds every case with its input and all that the earlier engine made of it, but for pictures: of those only
the cases in `PICTURES` have any. Of its messages only what `run.py` looks for in them is kept. `noc/cases.json` is what the
published code of the click protocol answers to small cases made by hand.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

ARCHIVE = Path(__file__).with_name("small.tar.xz")

PICTURES = ("contrast_1_5", "instances_crop_percent_small", "resize_half", "save_masks_machine")
"""Small pictures: colours changed, parts cut out, sizes changed, masks drawn."""

TOLD = ("not found", "Same class with different shape", "tag", "NoneType", "find data layer", "medianBlur")
"""What rules look for in messages of the earlier engine."""


def unpack(folder: Path) -> Path:
    """The small set in a folder: `input`, `cases`, `noc`."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def shortened(message: str) -> str:
    """Of a message what rules look for in it."""
    return ", ".join(told for told in TOLD if told.lower() in message.lower()) or "refused"


def files(golden: Path) -> Iterator[tuple[str, bytes]]:
    """(name in the archive, content) of all that it holds."""
    for path in sorted(path for part in ("cases", "input") for path in (golden / part).rglob("*") if path.is_file()):
        name = path.relative_to(golden)
        if (
            name.parts[0] == "cases"
            and path.suffix != ".json"
            and path.name != "crash.txt"
            and name.parts[1] not in PICTURES
        ):
            continue
        data = path.read_bytes()
        if path.name == "crash.txt":
            data = shortened(data.decode()).encode()
        elif path.name == "errors.json":
            entries = [{"src": entry["src"], "error": shortened(entry["error"])} for entry in json.loads(data)]
            data = json.dumps(entries).encode()
        yield name.as_posix(), data
    yield "noc/cases.json", (golden / "noc" / "cases.json").read_bytes()


def main(golden: Path) -> None:
    with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
        for name, data in files(golden):
            # No time, no owner: the same cases are the same archive.
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    print(f"{ARCHIVE}: {ARCHIVE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
