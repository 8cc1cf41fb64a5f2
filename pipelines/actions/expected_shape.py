"""Actions for certain shapes: a listed class of another shape is doubted when the graph is read, its figures are refused."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from pipelines.actions.base import Notes
from pipelines.figures import Figure, Shape
from pipelines.meta import Meta
from pipelines.sample import Sample, with_figures

CONVERTERS = {
    "bitmap": "poly2bitmap",
    "polygon": "find_contours for bitmaps, bbox2poly for rectangles",
    "rectangle": "bbox",
    "line": "bitmap2lines for thin bitmaps",
}
"""How figures become figures of a shape."""

AnyShape = TypeVar("AnyShape", bound=Shape)


def check_classes(
    notes: Notes, path: Sequence[str | int], titles: Iterable[str], meta: Meta, word: str, *kinds: type[Shape]
) -> None:
    """Warn of each title that no class arriving has, and of each whose class has none of the shapes that `word` works on."""
    titles = tuple(titles)
    notes.unknown_classes(path, titles, meta)
    for title in titles:
        shape = meta.shape_of(title)
        if shape is not None and shape not in [kind.kind for kind in kinds]:
            notes.warning(path, _sentence(f"class {title!r}", shape, word, kinds))


def required(figure: Figure, word: str, *kinds: type[AnyShape]) -> AnyShape:
    """The figure's shape. Raises `ValueError` when it is none of the kinds that `word` works on."""
    if not isinstance(figure.shape, kinds):
        raise ValueError(_sentence(f"an object of class {figure.title!r}", figure.shape.kind, word, kinds))
    return figure.shape


def with_changed_shapes(
    sample: Sample,
    titles: Collection[str],
    word: str,
    change: Callable[[AnyShape], Iterable[Shape]],
    *kinds: type[AnyShape],
) -> Sample:
    """The sample with each figure of these classes in the shapes that `change` makes of its own; the others stay as they are.

    Raises `ValueError` for a figure of these classes that has another shape than `word` works on.
    """

    def changed(figure: Figure) -> Iterable[Figure]:
        if figure.title not in titles:
            return (figure,)
        return map(figure.with_shape, change(required(figure, word, *kinds)))

    return with_figures(sample, tuple(result for figure in sample.figures for result in changed(figure)))


def _sentence(subject: str, found: str, word: str, kinds: Sequence[type[Shape]]) -> str:
    wanted = " and ".join(f"{kind.kind}s" for kind in kinds)
    ways = "; ".join(CONVERTERS[kind.kind] for kind in kinds)
    return f"{subject} is a {found}, {word} works on {wanted}; convert it before ({ways}), or do not list the class"
