"""What a form could not hold, counted while it is written and told at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pipelines.annotation import Annotation
from pipelines.figures import Figure

_NAMED = 5


class Notes:
    """Counts of what was left out or changed, and the names of files that are no longer the samples'."""

    def __init__(self) -> None:
        self.renamed: dict[str, list[str]] = {}
        """`dataset/name` of samples → the names that their files have instead."""
        self._counts: dict[tuple[str, str], Counter[str]] = {}
        self._said: list[str] = []

    def say(self, line: str) -> None:
        """A sentence about the whole."""
        self._said.append(line)

    def add(self, what: str, why: str, title: str, number: int = 1) -> None:
        """`number` more of `what` ("objects left out"), of the class, tag or field `title`, for one and the same reason."""
        if number:
            self._counts.setdefault((what, why), Counter())[title] += number

    def lost_tags(self, annotation: Annotation, why: str, used: Iterable[str] = ()) -> None:
        """The tags of an image, but those that were used, and of its objects, where they are written without."""
        for name in {tag.name for tag in annotation.tags} - set(used):
            self.add("tags of images left out", why, name)
        for figure in annotation.figures:
            for tag in figure.tags:
                self.add("tags of objects left out", why, tag.name)

    def lost_fields(self, annotation: Annotation, why: str, also: Iterable[str] = ("description",)) -> None:
        """What an annotation says in fields of its own, and in those named in `also`, where it is written without them."""
        parts: list[Annotation | Figure] = [annotation, *annotation.figures]
        for part in parts:
            described = {"description"} if part.description else set()
            for field in {*part.extra, *described.intersection(also)}:
                self.add("further fields left out", why, field)

    def lines(self) -> list[str]:
        """A sentence for each kind of loss: `objects left out: 214 (neg 107, pos 107): points have no area`."""
        lines = [
            f"{what}: {counts.total():,} ({_few([f'{title} {number:,}' for title, number in _ordered(counts)])}): {why}"
            for (what, why), counts in sorted(self._counts.items())
        ]
        if self.renamed:
            shown = [f"{name} is {file}" for name, files in sorted(self.renamed.items()) for file in files]
            lines.append(
                f"images renamed: {len(shown):,} ({_few(shown)}): another one's files would have had the same name"
            )
        return lines + self._said


def _ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def _few(entries: list[str]) -> str:
    rest = len(entries) - _NAMED
    return ", ".join(entries[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
