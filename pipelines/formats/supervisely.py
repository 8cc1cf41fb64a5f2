"""Supervisely's project JSON: the meta and the annotation of one image, read leniently and written in today's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.annotation import Annotation
from pipelines.figures import Bitmap, Figure, Line, Point, Polygon, Rectangle, Shape
from pipelines.formats import bitmaps
from pipelines.formats.left_out import FAR, TOO_FEW_POINTS, LeftOut, is_near, without_infinities
from pipelines.image import Size
from pipelines.meta import SHAPE_NAMES, ClassSpec, Meta, TagSpec, nearest
from pipelines.tag import Tag

# What a figure's JSON says about its geometry, and ids that would no longer be unique in what is made of it.
_GEOMETRY_KEYS = {
    "classTitle",
    "tags",
    "description",
    "points",
    "bitmap",
    "type",
    "geometryType",
    "shape",
    "id",
    "classId",
}


ANY, ALPHA_MASK = "any", "alpha_mask"
"""A class whose objects say themselves what they are, and masks with degrees of transparency."""

SHAPES = ("point", "rectangle", "line", "polygon", "bitmap")
"""What objects are read as."""

_FEWEST = {"point": 1, "rectangle": 2, "line": 2, "polygon": 3}


class BadAnnotation(ValueError):
    """JSON that is not a project's meta or an image's annotation."""


def read_meta(data: Any) -> Meta:
    """A `meta.json`: classes, tags, also the older `tags_images` + `tags_objects`, and a bare list of classes."""
    if isinstance(data, list):
        data = {"classes": data}
    if not isinstance(data, dict) or not isinstance(data.get("classes"), list):
        raise BadAnnotation('a project meta is an object with a list "classes"; this one has none')
    meta = Meta()
    for entry in data["classes"]:
        spec = _class_spec(entry)
        if spec.title in meta.titles:
            raise BadAnnotation(f"the class {spec.title!r} is listed twice; titles are unique")
        meta = meta.with_class(spec)
    split = [*(data.get("tags_images") or ()), *(data.get("tags_objects") or ())]
    if split and data.get("tags"):
        raise BadAnnotation(
            'the meta has "tags" beside "tags_images" / "tags_objects"; it may use one of the two forms'
        )
    for entry in split or data.get("tags") or ():
        meta = meta.with_tag(_tag_spec(entry))
    return meta


def _class_spec(entry: Any) -> ClassSpec:
    if not isinstance(entry, dict) or not isinstance(entry.get("title"), str):
        raise BadAnnotation(f'a class of the meta is an object with a "title"; found {entry!r}')
    title, shape = entry["title"], entry.get("shape")
    if not isinstance(shape, str) or not shape:
        raise BadAnnotation(f"class {title!r} has the shape {shape!r}; one of {', '.join(SHAPE_NAMES)}")
    if (meant := nearest(shape, SHAPE_NAMES)) and shape not in SHAPE_NAMES:
        raise BadAnnotation(f"class {title!r} has the shape {shape!r}; one of {', '.join(SHAPE_NAMES)}{meant}")
    # What is not fully transparent is the object.
    shape = "bitmap" if shape == ALPHA_MASK else shape
    extra = {key: value for key, value in entry.items() if key not in ("title", "shape", "color")}
    return ClassSpec(title, shape, str(entry.get("color") or "").lower(), extra)


def _tag_spec(entry: Any) -> TagSpec:
    if isinstance(entry, str):
        return TagSpec(entry)
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise BadAnnotation(f'a tag of the meta is a name or an object with a "name"; found {entry!r}')
    values = tuple(str(value) for value in entry.get("values") or ())
    return TagSpec(entry["name"], entry.get("value_type", "any_string"), values, str(entry.get("color") or "").lower())


def meta_json(meta: Meta) -> dict[str, Any]:
    """The content of a `meta.json`."""
    tags: list[dict[str, Any]] = []
    for tag in meta.tags:
        entry: dict[str, Any] = {"name": tag.name, "value_type": tag.value_type, "color": tag.color}
        tags.append(entry | ({"values": list(tag.values)} if tag.values else {}))
    classes = [{"title": c.title, "shape": c.shape, "color": c.color} | dict(c.extra) for c in meta.classes]
    return {"classes": classes, "tags": tags}


def parse_annotation(data: Any, meta: Meta, titles: Mapping[tuple[str, str], str] | None = None) -> Annotation:
    """An image's annotation. A figure's kind is the shape of its class in `meta`; degenerate figures are left out and counted.

    `titles` are the classes of objects that say themselves what they are, by (title, geometryType). Raises `BadAnnotation` for
    what cannot be understood: no size, no objects, a class that the meta lacks.
    """
    if not isinstance(data, dict):
        raise BadAnnotation(f"an annotation is a JSON object, this one is {type(data).__name__}")
    size = data.get("size")
    height, width = (size.get("height"), size.get("width")) if isinstance(size, dict) else (None, None)
    if not (isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0):
        raise BadAnnotation(f'an annotation needs "size" with a positive "height" and "width"; found {size!r}')
    objects = data.get("objects")
    if not isinstance(objects, list):
        raise BadAnnotation('an annotation needs a list "objects"')
    figures: list[Figure] = []
    left_out = []
    for entry in objects:
        try:
            figures.extend(_figures(entry, meta, titles or {}))
        except LeftOut as error:
            left_out.append(error.kind)
    known = {"size", "objects", "tags", "description", "name"}
    extra = without_infinities({key: value for key, value in data.items() if key not in known})
    tags, description = _tags(data.get("tags")), data.get("description") or ""
    return Annotation((height, width), tuple(figures), tags, description, extra, tuple(left_out))


def _tags(entries: Any) -> tuple[Tag, ...]:
    tags = []
    for entry in entries or ():
        if isinstance(entry, str):
            tags.append(Tag(entry))
        elif isinstance(entry, dict) and isinstance(entry.get("name"), str):
            value = without_infinities(entry.get("value"))
            tags.append(Tag(entry["name"], value if value is None or isinstance(value, int | float) else str(value)))
        else:
            raise BadAnnotation(f'a tag is a name or an object with a "name"; found {entry!r}')
    return tuple(tags)


def geometry(entry: Any) -> str:
    """What an object says itself that it is; newer and older files have different words for it."""
    for key in ("geometryType", "shape", "type"):
        if isinstance(entry.get(key), str):
            return "bitmap" if entry[key] == ALPHA_MASK else str(entry[key])
    return "bitmap" if entry.get("bitmap") else ""


def _figures(entry: Any, meta: Meta, titles: Mapping[tuple[str, str], str]) -> list[Figure]:
    if not isinstance(entry, dict) or not isinstance(entry.get("classTitle"), str):
        raise BadAnnotation(f'an object needs a "classTitle"; found {str(entry)[:80]}')
    title = entry["classTitle"]
    if titles and any(title == several for several, _ in titles):
        if (title, geometry(entry)) not in titles:
            raise _unchangeable(title, geometry(entry))
        title = titles[title, geometry(entry)]
    kind = meta.shape_of(title)
    if kind is None:
        raise BadAnnotation(
            f"an object is of class {title!r}, which the project's meta does not list{nearest(title, meta.titles)}"
        )
    extra = without_infinities({key: value for key, value in entry.items() if key not in _GEOMETRY_KEYS})
    tags, description = _tags(entry.get("tags")), entry.get("description") or ""
    try:
        return [Figure(title, shape, tags, description, extra) for shape in _shapes(entry, kind, title)]
    except OverflowError:
        raise LeftOut(FAR) from None


def _unchangeable(title: str, shape: str) -> LeftOut:
    return LeftOut(f"objects of class {title!r}, of the shape {shape!r}, which no action can change: left out")


def _shapes(entry: dict[str, Any], kind: str, title: str) -> tuple[Shape, ...]:
    if kind not in SHAPES:
        raise _unchangeable(title, geometry(entry) if kind == ANY else kind)
    if kind == "bitmap":
        bitmap = entry.get("bitmap")
        if not isinstance(bitmap, dict) or not isinstance(bitmap.get("data"), str):
            raise BadAnnotation(
                f'an object of bitmap class {title!r} needs "bitmap": {{"origin": [x, y], "data": ...}}'
            )
        x, y = bitmap.get("origin") or (0, 0)
        if not (is_near(x) and is_near(y)):
            raise LeftOut(FAR)
        return Bitmap.trimmed(round(x), round(y), bitmaps.decode(bitmap["data"]))
    points = entry.get("points")
    if not isinstance(points, dict) or not isinstance(points.get("exterior"), list):
        raise BadAnnotation(f'an object of {kind} class {title!r} needs "points": {{"exterior": [[x, y], ...]}}')
    exterior = points["exterior"]
    holes: tuple[Any, ...] = ()
    if kind == "polygon":
        holes = tuple(hole for hole in points.get("interior") or () if len(hole) >= 3)
    if len(exterior) < _FEWEST[kind]:
        raise LeftOut(TOO_FEW_POINTS)
    shape: Shape
    match kind:
        case "polygon":
            shape = Polygon(exterior, holes)
        case "rectangle":
            # Its corners are put in order, by which what is no number is lost.
            if any(isinstance(value, float) and not is_near(value) for corner in exterior[:2] for value in corner):
                raise LeftOut(FAR)
            shape = Rectangle(*exterior[0], *exterior[1])
        case "line":
            shape = Line(exterior)
        case _:
            shape = Point(float(exterior[0][0]), float(exterior[0][1]))
    if not all(map(is_near, shape.bounds)):
        raise LeftOut(FAR)
    return (shape,)


def annotation_json(size: Size, figures: Sequence[Figure], tags: Sequence[Tag] = (), description: str = "",
                    extra: Mapping[str, Any] | None = None) -> dict[str, Any]:  # fmt: skip
    """The content of an annotation file for an image of this (height, width)."""
    return {
        "description": description,
        "tags": [{"name": tag.name, "value": tag.value} for tag in tags],
        "size": {"height": size[0], "width": size[1]},
        "objects": [_figure_json(figure) for figure in figures],
        **(extra or {}),
    }


def _figure_json(figure: Figure) -> dict[str, Any]:
    return {
        "classTitle": figure.title,
        "geometryType": figure.shape.kind,
        "description": figure.description,
        "tags": [{"name": tag.name, "value": tag.value} for tag in figure.tags],
        **_geometry_json(figure.shape),
        **figure.extra,
    }


def _geometry_json(shape: Shape) -> dict[str, Any]:
    match shape:
        case Bitmap():
            return {"bitmap": {"origin": [shape.x, shape.y], "data": bitmaps.encode(shape)}}
        case Polygon():
            points = [ring.tolist() for ring in shape.rings]
        case Rectangle():
            points = [[[shape.left, shape.top], [shape.right, shape.bottom]]]
        case Line():
            points = [shape.points.tolist()]
        case Point():
            points = [[[float(shape.x), float(shape.y)]]]
        case _:
            raise TypeError(f"no annotation form for a {type(shape).__name__}")
    return {"points": {"exterior": points[0], "interior": points[1:]}}
