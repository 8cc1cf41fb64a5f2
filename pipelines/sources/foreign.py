"""Files of labelling tools that are recognised but not read: which of the tool's exports to take instead."""

from __future__ import annotations

import re

from pipelines.formats import storage

# Tasks and predictions name the control and the picture of each result; the short form only has the kinds of labels.
_LABEL_STUDIO = re.compile(rb'"(from_name|to_name|(polygon|brush|rectangle|ellipse|keypoint|vector)labels)"\s*:')
_HEAD_BYTES = 1 << 16
_MOST_FILES = 32


def advice(location: str) -> str | None:
    """What to do instead where a location holds such files, or is one; None where it does not."""
    files = [storage.join(location, name) for name in storage.names(location)] or [location]
    listed = [address for address in files if address.lower().endswith(".json")]
    for address in listed if len(listed) <= _MOST_FILES else ():
        if is_label_studio(storage.read_bytes(address, at_most=_HEAD_BYTES)):
            return (
                f"{address} is Label Studio's own JSON, which is not read. Export the project again: as `COCO with Images` "
                "where objects are polygons, as `Brush labels to COCO` where they are brushed (without their holes, and the "
                "pictures have to be put into images). Rectangles alone do not say which pixels belong to an object"
            )
    return None


def is_label_studio(head: bytes) -> bool:
    """Whether a JSON file that begins so is Label Studio's own, of tasks, predictions or the short form."""
    return bool(_LABEL_STUDIO.search(head))
