#!/usr/bin/env bash
# A brush mask with a hole goes through Label Studio's own export to COCO, and comes back another object.
#
# Guessed: brush masks are run-length codes in Label Studio, and COCO has run-length codes too, so each pixel arrives; if they
# become polygons, then at least the pixels they cover are those that were painted.
# Seen (label-studio-sdk 2.1.2, its converter's export "brush to COCO"; pycocotools 2.0.11): each outer contour becomes a polygon
# through the *middles* of the border pixels. So the hole is filled, and by COCO's own reader the object loses its last row and
# column: a ring of 300 pixels, 20x20 with a hole of 10x10, comes back as a square of 361 = 19x19 pixels. "area" is 361, too.
# Whoever trains on such an export learns filled holes and edges that are half a pixel off; the export as PNG or NumPy masks has
# neither fault.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check label-studio-sdk==2.1.2 pycocotools==2.0.11 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
from label_studio_sdk.converter.brush import mask2rle
from label_studio_sdk.converter.exports.brush_to_coco import generate_contour_from_rle
from pycocotools import mask as coco

painted = np.zeros((40, 60), np.uint8)
painted[10:30, 20:40] = 255
painted[15:25, 25:35] = 0
polygons, boxes, areas = generate_contour_from_rle(mask2rle(painted), 60, 40)
code = coco.merge(coco.frPyObjects(polygons, 40, 60))
read = coco.decode(code).astype(bool)

print(f"painted: {int((painted > 0).sum())} pixels; polygons: {len(polygons)}, areas {areas}, boxes {boxes}; read: {int(read.sum())} pixels")
assert (painted > 0).sum() == 300
assert len(polygons) == 1, "the hole has no contour of its own"
assert read.sum() == 361 and areas == [361], "19x19"
assert read[20, 30], "the hole is filled"
assert not read[29].any() and not read[:, 39].any(), "the last row and column are gone"
assert boxes == [[20, 10, 20, 20]], "the box, counted in pixels, is whole: box and polygon differ"
PYTHON
echo "as described"
