"""Which parts of a graph no sample can ever reach, known from the sizes, classes and tags that can arrive at each layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from pipelines.actions import Action, Sink
from pipelines.actions.base import Notes
from pipelines.actions.crop import Crop
from pipelines.actions.filter_image_by_tag import FilterImageByTag
from pipelines.actions.filter_image_without_objects import FilterImageWithoutObjects
from pipelines.actions.filter_images_by_object import FilterImagesByObject
from pipelines.actions.if_ import Condition, If
from pipelines.actions.instances_crop import InstancesCrop
from pipelines.actions.objects_filter import ObjectsFilter
from pipelines.actions.parameters import Sides
from pipelines.actions.perspective_transform import PerspectiveTransform
from pipelines.actions.resize import FREE, Resize
from pipelines.actions.rotate import Rotate
from pipelines.actions.sliding_window import SlidingWindow
from pipelines.graph.plan import NOWHERE, Layer
from pipelines.meta import Meta, MetaConflict


@dataclass(frozen=True, slots=True)
class Extent:
    """The shortest and the longest that a side of an image can be, in pixels."""

    low: float = 1
    high: float = math.inf

    @property
    def exact(self) -> int | None:
        """The length, where only one is possible."""
        return int(self.low) if self.low == self.high else None

    @property
    def words(self) -> str:
        """Such as "exactly 256 pixels"; only where something is known."""
        if self.exact is not None:
            kind, number = "exactly", self.low
        elif math.isfinite(self.high):
            kind, number = "at most", self.high
        else:
            kind, number = "at least", self.low
        return f"{kind} {number:.0f} pixel{'' if number == 1 else 's'}"

    def joined(self, other: Extent) -> Extent:
        return Extent(min(self.low, other.low), max(self.high, other.high))


@dataclass(frozen=True, slots=True)
class Arriving:
    """What the samples on a connection can be like. `meta` holds the classes and tags that can be present, None if unknown."""

    height: Extent = Extent()
    width: Extent = Extent()
    meta: Meta | None = None

    def joined(self, other: Arriving) -> Arriving:
        """Samples of the one kind or of the other."""
        try:
            meta = None if self.meta is None or other.meta is None else self.meta.union(other.meta)
        except MetaConflict:
            meta = None
        return Arriving(self.height.joined(other.height), self.width.joined(other.width), meta)

    def absent(self, titles: Iterable[str]) -> bool:
        """Whether it is certain that no object has one of these classes."""
        return self.meta is not None and not set(titles) & set(self.meta.titles)

    def without(self, titles: Iterable[str]) -> Arriving:
        """The same when objects of these classes are known to be absent."""
        if self.meta is None:
            return self
        gone = set(titles)
        return replace(self, meta=self.meta.only(title for title in self.meta.titles if title not in gone))

    def lacks_tag(self, name: str) -> bool:
        """Whether it is certain that nothing has this tag."""
        return self.meta is not None and self.meta.tag(name) is None


@dataclass(frozen=True, slots=True)
class Never:
    """Why nothing can come out of an output; `path` leads from the layer to the setting that is the reason."""

    why: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeadBranch:
    """A finding: the number of the layer and its output that stays empty, the setting that is the reason, and the text."""

    layer: int
    name: str
    path: tuple[str, ...]
    message: str


def dead_branches(layers: Sequence[Layer], with_classes: bool) -> list[DeadBranch]:
    """Outputs that no sample can ever take although layers read them; the layers in the order of the data flow.

    `with_classes` says that the layers know their metas. What is read by nobody is thrown away on purpose and no finding.
    """
    on: dict[str, Arriving] = {}
    empty: dict[str, frozenset[int]] = {}
    causes: list[tuple[Layer, str, Never]] = []
    starved: dict[int, frozenset[int]] = {}
    for layer in layers:
        reached = [on[name] for name in layer.src if name in on] if layer.selection is None else []
        if layer.selection is None and not reached:
            starved[layer.number] = frozenset().union(*(empty[name] for name in layer.src))
            empty.update((name, starved[layer.number]) for name in layer.dst)
            continue
        if isinstance(layer.action, Sink):
            continue
        # What a source's meta says already counts its own mapping, so nothing is left for the layer to change.
        arriving = reduce(Arriving.joined, reached) if reached else Arriving(meta=layer.meta if with_classes else None)
        results = outcomes(layer.action, arriving) if reached else (arriving,)
        for name, result in zip(layer.dst, results, strict=True):
            if name == NOWHERE:
                continue
            if isinstance(result, Never):
                empty[name] = frozenset({len(causes)})
                causes.append((layer, name, result))
            else:
                on[name] = result
    return list(_told(layers, causes, starved))


def _told(
    layers: Sequence[Layer], causes: Sequence[tuple[Layer, str, Never]], starved: Mapping[int, frozenset[int]]
) -> Iterator[DeadBranch]:
    by_number = sorted(layers, key=lambda layer: layer.number)
    for number, (layer, name, never) in enumerate(causes):
        hungry = [other for other in by_number if number in starved.get(other.number, ())]
        readers = [other for other in by_number if other.selection is None and name in other.src]
        if not readers:
            continue
        if any(isinstance(other.action, Sink) for other in hungry):
            effect = f"nothing can be saved: {_listed(hungry)} never get{_s(hungry)} one"
        elif hungry:
            effect = f"{_listed(hungry)} never get{_s(hungry)} one"
        else:
            effect = f"{_listed(readers)} read{_s(readers)} it in vain"
        advice = "change the setting, or take out the branch" if len(layer.dst) > 1 else "change the setting"
        yield DeadBranch(
            layer.number, name, never.path, f"no sample can ever go to {name}: {never.why}; {effect}; {advice}"
        )


def _listed(layers: Sequence[Layer]) -> str:
    names = [f"layer {layer.number} ({layer.action.word})" for layer in layers]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _s(layers: Sequence[Layer]) -> str:
    return "s" if len(layers) == 1 else ""


# ---------------------------------------------------------------- what comes out of a layer


def outcomes(action: Action, arriving: Arriving) -> tuple[Arriving | Never, ...]:
    """What comes out of each output for what arrives."""
    judge = _JUDGES.get(type(action))
    if judge:
        return judge(action, arriving)
    result = _size_after(action, arriving)
    return (result,) if isinstance(result, Never) else (_classes_after(action, result),)


def _classes_after(action: Action, arriving: Arriving) -> Arriving:
    if arriving.meta is None:
        return arriving
    meta = arriving.meta
    if isinstance(action, ObjectsFilter) and action.filter_by.names is not None:
        meta = meta.only(action.filter_by.names)
    if isinstance(action, InstancesCrop):
        meta = meta.only((*action.classes, *action.save_classes))
    try:
        # An action announces what it makes of any classes, so also what it makes of those that can be present.
        return replace(arriving, meta=action.map_meta(meta, Notes()))
    except MetaConflict:
        return replace(arriving, meta=None)


def _size_after(action: Action, arriving: Arriving) -> Arriving | Never:
    """Only the actions below change the size of images."""
    match action:
        case Crop():
            return _cropped(action, arriving)
        case Resize():
            return _resized(action, arriving)
        case SlidingWindow():
            return _windowed(action, arriving)
        case InstancesCrop():
            if arriving.absent(action.classes):
                return Never(
                    f"no object of {_titles(action.classes)} arrives, and only objects are cut out", ("classes",)
                )
            return replace(arriving, height=Extent(1, arriving.height.high), width=Extent(1, arriving.width.high))
        case Rotate() if action.black_regions.mode != "preserve_size":
            return replace(arriving, height=Extent(), width=Extent())
        case PerspectiveTransform() if not action.size_box.keep:
            return replace(arriving, height=Extent(), width=Extent())
    return arriving


def _cropped(action: Crop, arriving: Arriving) -> Arriving | Never:
    if action.random_part is not None:
        part = action.random_part
        height = _share(arriving.height, part.height.max_percent)
        # One draw can serve both sides; then both have the same range.
        width = _share(arriving.width, part.width.max_percent)
        path: tuple[str, ...] = ("random_part",)
    else:
        sides = action.sides or Sides()
        height = _cut(arriving.height, lambda extent: sides.top.of(extent) + sides.bottom.of(extent))
        width = _cut(arriving.width, lambda extent: sides.left.of(extent) + sides.right.of(extent))
        path = ("sides",)
    for name, before, after in (("high", arriving.height, height), ("wide", arriving.width, width)):
        if after.high < 1:
            known = f"images here are {before.words} {name}, and " if before != Extent() else ""
            return Never(f"{known}the crop leaves nothing of an image", path)
    return replace(arriving, height=height, width=width)


def _share(extent: Extent, percent: float) -> Extent:
    """What a random part can leave of a side: anything up to the greatest share."""
    if math.isfinite(extent.high):
        return Extent(1, math.floor(extent.high * percent / 100))
    return Extent(1, extent.high if percent else 0)


def _cut(extent: Extent, off: Callable[[int], int]) -> Extent:
    if extent.exact is None:
        return Extent(1, extent.high)
    left = extent.exact - off(extent.exact)
    return Extent(left, left)


def _resized(action: Resize, arriving: Arriving) -> Arriving:
    before = arriving.height.exact, arriving.width.exact
    if before[0] is not None and before[1] is not None:
        height, width = action.sizes((before[0], before[1]))[0]
        return replace(arriving, height=Extent(height, height), width=Extent(width, width))
    sides = [Extent() if side == FREE else Extent(side, side) for side in (action.height, action.width)]
    return replace(arriving, height=sides[0], width=sides[1])


def _windowed(action: SlidingWindow, arriving: Arriving) -> Arriving | Never:
    window = action.window
    for name, side, extent in (("high", window.height, arriving.height), ("wide", window.width, arriving.width)):
        if extent.high < side:
            return Never(
                f"images here are {extent.words} {name}, too small for a window of {window.width}x{window.height} "
                "(width x height), so every one fails",
                ("window",),
            )
    return replace(arriving, height=Extent(window.height, window.height), width=Extent(window.width, window.width))


def _titles(titles: Iterable[str]) -> str:
    return f"class {' or '.join(map(repr, titles))}"


# ---------------------------------------------------------------- what comes out of a layer with two outputs

Two = tuple[Arriving | Never, Arriving | Never]


def _judge_if(action: If, arriving: Arriving) -> Two:
    name = action.condition.given[0]
    holds, fails = _sides_of(action.condition, arriving)
    path = ("condition", name)
    return (
        Never(holds, path) if isinstance(holds, str) else holds,
        Never(fails, path) if isinstance(fails, str) else fails,
    )


def _sides_of(condition: Condition, arriving: Arriving) -> tuple[Arriving | str, Arriving | str]:
    """For each output what goes there, or why nothing does."""
    match condition.given[0]:
        case "probability":
            return (
                "the probability is 0, so the condition never holds" if condition.probability == 0 else arriving,
                "the probability is 1, so the condition always holds" if condition.probability == 1 else arriving,
            )
        case "min_objects_count":
            return _by_count(condition.min_objects_count or 0, arriving)
        case "min_height":
            (holds, fails) = _by_side(condition.min_height or 0, arriving.height, "high", "min_height")
            return _with_side(arriving, "height", holds), _with_side(arriving, "height", fails)
        case "min_width":
            (holds, fails) = _by_side(condition.min_width or 0, arriving.width, "wide", "min_width")
            return _with_side(arriving, "width", holds), _with_side(arriving, "width", fails)
        case "min_area":
            return _by_area(condition.min_area or 0, arriving)
        case "sum_object_area":
            return _by_object_area(condition.sum_object_area or 0, condition.classes or (), arriving)
        case "include_classes":
            titles = condition.include_classes or ()
            none = "the list of classes is empty" if not titles else f"no object of {_titles(titles)} arrives"
            return none if not titles or arriving.absent(titles) else arriving, arriving.without(titles)
        case "tags":
            names = condition.tags or ()
            none = "the list of tags is empty" if not names else f"no tag {' or '.join(map(repr, names))} arrives"
            return none if all(arriving.lacks_tag(name) for name in names) else arriving, arriving
        case "regex_names":
            return arriving if condition.regex_names else "the list of patterns is empty", arriving
        case "project_datasets":
            return arriving if condition.project_datasets else "the list of datasets is empty", arriving
    return arriving, arriving


def _by_count(least: int, arriving: Arriving) -> tuple[Arriving | str, Arriving | str]:
    no_class = arriving.meta is not None and not arriving.meta.classes
    few = arriving if least > 1 or arriving.meta is None else replace(arriving, meta=arriving.meta.only(()))
    return (
        f"no class arrives, so no image has {least} or more objects" if least and no_class else arriving,
        few if least else "every image has 0 or more objects, so the condition always holds",
    )


def _by_side(least: int, extent: Extent, adjective: str, setting: str) -> tuple[Extent | str, Extent | str]:
    holds = Extent(max(extent.low, least), extent.high)
    fails = Extent(extent.low, min(extent.high, least - 1))
    known = f"images here are {extent.words} {adjective}"
    return (
        f"{known}, and {setting} is {least}" if holds.low > holds.high else holds,
        f"{known}, so {setting} {least} always holds" if fails.low > fails.high else fails,
    )


def _with_side(arriving: Arriving, side: str, extent: Extent | str) -> Arriving | str:
    if isinstance(extent, str):
        return extent
    return replace(arriving, height=extent) if side == "height" else replace(arriving, width=extent)


def _by_area(least: int, arriving: Arriving) -> tuple[Arriving | str, Arriving | str]:
    height, width = arriving.height, arriving.width
    low, high = height.low * width.low, height.high * width.high
    known = f"images here have {Extent(low, high).words}"
    return (
        f"{known}, and min_area is {least}" if high < least else arriving,
        f"{known}, so min_area {least} always holds" if low >= least else arriving,
    )


def _by_object_area(least: float, titles: Sequence[str], arriving: Arriving) -> tuple[Arriving | str, Arriving | str]:
    why = (
        f"no object of {_titles(titles)} arrives, so the sum of areas is 0"
        if titles
        else "the list of classes is empty"
    )
    nothing = not titles or arriving.absent(titles)
    return (
        why if nothing and least > 0 else arriving,
        f"every sum of areas is at least {least:g}, so the condition always holds" if least <= 0 else arriving,
    )


def _judge_tags(action: FilterImageByTag, arriving: Arriving) -> Two:
    names = [tag if isinstance(tag, str) else tag.name for tag in action.tags]
    missing = [name for name in names if arriving.lacks_tag(name)]
    why = f"no tag {' or '.join(map(repr, missing))} arrives"
    if action.condition.startswith("without"):
        return arriving, Never(why, ("tags",)) if len(missing) == len(names) else arriving
    return Never(why, ("tags",)) if missing else arriving, arriving


def _judge_absence(action: FilterImageWithoutObjects, arriving: Arriving) -> Two:
    titles = action.exclude_classes
    why = Never(f"no object of {_titles(titles)} arrives", ("exclude_classes",))
    return arriving.without(titles), why if arriving.absent(titles) else arriving


def _judge_objects(action: FilterImagesByObject, arriving: Arriving) -> Two:
    missing = [title for title in action.include if arriving.absent([title])]
    always = not action.include and arriving.absent(action.exclude)
    return (
        Never(f"no object of {_titles(missing)} arrives", ("include",))
        if missing
        else arriving.without(action.exclude),
        Never(f"no object of {_titles(action.exclude)} arrives", ("exclude",)) if always else arriving,
    )


_JUDGES: Mapping[type[Action], Callable[..., Two]] = {
    If: _judge_if,
    FilterImageByTag: _judge_tags,
    FilterImageWithoutObjects: _judge_absence,
    FilterImagesByObject: _judge_objects,
}
