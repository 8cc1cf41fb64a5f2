"""What every form offers: its name, what it consists of, and how a dataset's samples are written in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, TypeVar

from pipelines.errors import UserError
from pipelines.exports.contents import Contents
from pipelines.exports.folder import Folder
from pipelines.exports.notes import Notes
from pipelines.meta import Meta

NEUTRAL, VOID = "neutral", 255
"""The class of what shall not be judged, as the layouts of `pipelines.sources` read it, and its index in 8-bit masks."""

WITH_AREA = ("bitmap", "polygon", "rectangle")
"""The shapes that cover pixels."""


class Form(ABC):
    """How a dataset is written for other tools. A form is a value without state: what it writes is decided by the dataset."""

    word: ClassVar[str]
    """The word for it in `--as WORD`."""
    title: ClassVar[str]
    """What it is: a cell of the table of all forms in the docs, as are the next two."""
    files_are: ClassVar[str]
    objects_are: ClassVar[str]
    layout: ClassVar[str] = ""
    """The layout of `pipelines.sources` that reads what is written, where there is one."""
    contents: ClassVar[tuple[str, ...]]
    """Patterns of the files and folders on its first two levels: `data.yaml`, `images/*/`, a folder with a slash at its end."""
    has_record: ClassVar[bool] = True
    """Whether `unpacked.json` lies beside its files; without it they are known by their names alone."""

    def check(self, meta: Meta) -> None:
        """Raises `UserError` for classes that the form cannot hold, before anything is written."""
        if not titles_with_area(meta):
            found = ", ".join(f"{spec.title} ({spec.shape})" for spec in meta.classes) or "none at all"
            raise UserError(
                f"the form {self.word} holds objects of the shapes {', '.join(WITH_AREA)}, and no class of the dataset is one; "
                f"found: {found}. Unpack without --as {self.word}, or convert the objects in the graph (action line2bitmap)"
            )

    @abstractmethod
    def write(self, contents: Contents, folder: Folder, notes: Notes) -> None:
        """Write every sample, and put down in `notes` whatever the form cannot hold. Raises `UserError`, `OSError`."""


FORMS: dict[str, Form] = {}
"""All forms by their words; each registers itself."""

AnyForm = TypeVar("AnyForm", bound=type[Form])


def registered(form: AnyForm) -> AnyForm:
    """Make a form known. Raises `ValueError` for a word that is taken."""
    if form.word in FORMS:
        raise ValueError(
            f"the form {form.word!r} of {form.__module__} is taken by {type(FORMS[form.word]).__module__}; choose another word"
        )
    FORMS[form.word] = form()
    return form


def titles_with_area(meta: Meta) -> list[str]:
    """The classes whose objects cover pixels, in the meta's order, which is all that their numbers follow from."""
    return [spec.title for spec in meta.classes if spec.shape in WITH_AREA]
