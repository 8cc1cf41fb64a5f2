"""A layer's settings in a line or two, for the boxes of a drawing."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any

OTHER, KEEP, IGNORE = "__other__", "__default__", "__ignore__"

# A space at which no line is broken.
_GLUE = "\u00a0"

_SIGNS = {
    "min_height": "height ≥ {} px",
    "min_width": "width ≥ {} px",
    "min_area": "area ≥ {} px²",
}


def summary_lines(word: str, settings: Any, width: int = 36, at_most: int = 2) -> list[str]:
    """What an action is set to, in at most so many lines of at most `width` characters; nothing for no settings.

    `settings` are those of a checked graph, as JSON values. Words without a phrase of their own get their settings listed.
    """
    text = _phrase(word, settings) if isinstance(settings, dict) and settings else ""
    lines = _wrapped(text, width, at_most)
    if lines and lines[-1].endswith("…") and _GLUE in text:
        # Rather a phrase in two lines than one left out.
        text = text.replace(_GLUE, " ")
        lines = _wrapped(text, width, at_most)
    # Of the widths that need no more lines, the smallest makes them equally long.
    for narrower in range(8, width):
        even = _wrapped(text, narrower, at_most)
        if len(even) == len(lines) and " ".join(even) == " ".join(lines):
            return even
    return lines


def _phrase(word: str, settings: Mapping[str, Any]) -> str:
    try:
        return _PHRASES.get(word, _listed)(settings)
    except (KeyError, TypeError):
        # The action has learnt a form of its settings that its phrase does not know.
        return _listed(settings)


def _wrapped(text: str, width: int, at_most: int) -> list[str]:
    lines = textwrap.wrap(
        text, width, max_lines=at_most, placeholder=" …", break_on_hyphens=False, break_long_words=False
    )
    return [line.replace(_GLUE, " ") for line in lines]


def short_list(names: Iterable[str], at_most: int = 3) -> str:
    """Names with commas, the last ones as a number when there are many."""
    known = list(names)
    if len(known) <= at_most:
        return ", ".join(known)
    return f"{', '.join(known[: at_most - 1])} and {len(known) - at_most + 1} more"


def _listed(settings: Mapping[str, Any]) -> str:
    """Any settings: their innermost names with the values."""
    return ", ".join(_pieces(settings))


def _pieces(settings: Mapping[str, Any]) -> Iterable[str]:
    for key, value in settings.items():
        name = key.replace("_", " ")
        if isinstance(value, dict) and set(value) == {"min", "max"}:
            yield f"{name} {value['min']}–{value['max']}"
        elif isinstance(value, dict):
            yield from _pieces(value)
        elif isinstance(value, list):
            yield f"{name} {short_list(map(_named, value))}"
        elif isinstance(value, bool):
            yield f"{name}:{_GLUE}{'yes' if value else 'no'}"
        else:
            yield f"{name} {value}"


def _named(value: Any) -> str:
    return str(value.get("name", "…")) if isinstance(value, dict) else str(value)


def _mapping(mapping: Mapping[str, str] | str) -> str:
    if isinstance(mapping, str):
        return "all classes kept"
    targets: dict[str, list[str]] = {}
    for title, target in mapping.items():
        targets.setdefault(target, []).append("others" if title == OTHER else title)
    pieces = [_mapped(titles, target) for target, titles in targets.items()]
    return "; ".join(piece.replace(" ", _GLUE) if len(piece) < 24 else piece for piece in pieces)


def _mapped(titles: list[str], target: str) -> str:
    some = titles[0] if len(titles) == 1 else short_list(titles, 2) if len(titles) < 3 else f"{len(titles)} classes"
    if target == IGNORE:
        return f"{some} dropped"
    return f"{some} kept" if target == KEEP else f"{some} → {target}"


def _sides(sides: Mapping[str, str]) -> str:
    lengths = {sides.get(side, "0px") for side in ("left", "right", "top", "bottom")}
    if len(lengths) == 1:
        return f"{lengths.pop()} on every side"
    return ", ".join(f"{side} {length}" for side, length in sides.items())


def _part(part: Mapping[str, Any]) -> str:
    height, width = part["height"], part["width"]
    if height == width:
        return f"a random part, {_range(height)} of each side"
    return f"a random part, {_range(width)} of the width, {_range(height)} of the height"


def _range(share: Mapping[str, float]) -> str:
    return f"{share['min_percent']:g}–{share['max_percent']:g}{_GLUE}%"


def _crop(settings: Mapping[str, Any]) -> str:
    return _part(settings["random_part"]) if settings.get("random_part") else f"cut off {_sides(settings['sides'])}"


def _instances(settings: Mapping[str, Any]) -> str:
    kept = settings.get("save_classes")
    beside = f", {short_list(kept)} kept" if kept else ""
    return f"one sample for each {short_list(settings['classes'])}{beside}, padded {_sides(settings['pad']['sides'])}"


def _filter(settings: Mapping[str, Any]) -> str:
    sizes = settings["filter_by"].get("polygon_sizes")
    if not sizes:
        return f"keep {short_list(settings['filter_by']['names'])}"
    limit = sizes["area_size"]
    if "percent" in limit:
        bound = f"{limit['percent']:g}{_GLUE}% of the image"
    elif "area" in limit:
        bound = f"{limit['area']:g}{_GLUE}px²"
    else:
        bound = f"{limit['width']}×{limit['height']}{_GLUE}px"
    beyond = "below" if sizes["comparator"] == "less" else "above"
    return f"drop {short_list(sizes['filtering_classes'])} {beyond} {bound}"


def _condition(settings: Mapping[str, Any]) -> str:
    condition = settings["condition"]
    word, value = next(iter(condition.items()))
    if word == "probability":
        return f"{100 * value:g} % by chance"
    if word in _SIGNS:
        return _SIGNS[word].format(value)
    if word == "min_objects_count":
        return f"at least {value} object{'s' * (value != 1)}"
    if "sum_object_area" in condition:
        return f"area of {short_list(condition['classes'])} ≥ {condition['sum_object_area']:g} px²"
    if "name_in_range" in condition:
        first, last = condition["name_in_range"]
        return f"name {first} to {last}, every {condition['frame_step']}."
    return _listed({word.removeprefix("include_"): value})


def _tag(settings: Mapping[str, Any]) -> str:
    tag = settings["tag"]
    named = tag if isinstance(tag, str) else " = ".join(filter(None, (tag["name"], tag.get("value"))))
    return f"{settings['action']} {named}"


def _resize(settings: Mapping[str, Any]) -> str:
    width, height = ("free" if settings[side] == -1 else settings[side] for side in ("width", "height"))
    return f"{width} × {height}, {'aspect ratio kept' if settings['aspect_ratio']['keep'] else 'stretched'}"


def _hints(settings: Mapping[str, Any]) -> str:
    return (
        f"{settings['positive_class']} on {settings['class']}, {settings['negative_class']} beside, "
        f"at least {settings['min_points_number']} each"
    )


_PHRASES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "data": lambda settings: _mapping(settings["classes_mapping"]),
    "rename": lambda settings: _mapping(settings["classes_mapping"]),
    "objects_filter": _filter,
    "instances_crop": _instances,
    "crop": _crop,
    "if": _condition,
    "tag": _tag,
    "flip": lambda settings: "left ↔ right" if settings["axis"] == "vertical" else "top ↔ bottom",
    "multiply": lambda settings: f"× {settings['multiply']}",
    "resize": _resize,
    "generate_hints": _hints,
    "supervisely": lambda settings: "",
}
