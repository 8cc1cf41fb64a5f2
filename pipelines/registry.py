"""Words that name one class each: a second class that takes a word is refused where it is defined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def require_free(words: Iterable[str], owners: Mapping[str, type], new: type, kind: str) -> None:
    """Raise `ValueError`, with all of them, when words belong to other classes.

    The same definition run again (a notebook's cell, the copy of a class that `slots=True` makes) takes its own word anew.
    """
    taken = [
        f"the word {word!r} is {named(owners[word])}'s"
        for word in dict.fromkeys(words)
        if word in owners and named(owners[word]) != named(new)
    ]
    if taken:
        raise ValueError(
            f"{named(new)}: {'; '.join(taken)}; a word names one {kind}, so choose another one, or remove that {kind} first"
        )


def named(cls: type) -> str:
    """Where a class is defined, as `pipelines.actions.crop.Crop`."""
    # Not the qualified name: the copy that `slots=True` makes gets that one only after it has been registered.
    return f"{cls.__module__}.{cls.__name__}"
