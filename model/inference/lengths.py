"""Lengths and lists of names as inference requests write them."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator

from model.settings.section import Section

ALL: Final = "__all__"
_LENGTH = re.compile(r"(-?[0-9]+)(%|px)")

Names = Literal["__all__"] | tuple[str, ...]
"""`"__all__"`, or a list of class names."""
NAMES_WANTED = f'give a list of class names, or "{ALL}"'


def _is_length(text: str) -> str:
    if not _LENGTH.fullmatch(text):
        raise ValueError(f'{text!r} is no length; write whole pixels such as "10px" or a share such as "5%"')
    return text


MarginLength = Annotated[str, AfterValidator(_is_length)]
"""Whole pixels `"10px"`, or a share of a side `"5%"`; may be negative."""


def pixels(length: str, side: int) -> int:
    """A length in pixels, shares taken of `side` and rounded."""
    match = _LENGTH.fullmatch(length)
    if match is None:
        raise ValueError(f"{length!r} is no length")
    number = int(match[1])
    return number if match[2] == "px" else round(side * number / 100)


class Margins(Section):
    """A length on each side of a box."""

    left: MarginLength = "0px"
    top: MarginLength = "0px"
    right: MarginLength = "0px"
    bottom: MarginLength = "0px"


def listed_names(names: Names) -> tuple[str, ...]:
    """The names of a list; none for `"__all__"`."""
    return () if isinstance(names, str) else names
