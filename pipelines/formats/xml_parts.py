"""Large XML files: read through once, each element knowing which bytes of the file it is, and parts read by those bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from xml.etree import ElementTree
from xml.parsers import expat

from pipelines.formats import storage

_ENCODINGS = ("utf-8", "us-ascii")

Started = Callable[[Sequence[str], dict[str, str], int], None]
"""Called with the words of the elements that are open, the attributes of the last one, and its first byte."""
Ended = Callable[[Sequence[str], str, int], None]
"""Called with the words as before, the text of the last element behind its elements, and the byte after it."""


class BadXml(ValueError):
    """A file that is not XML, or that asks for what is never done."""


def read_through(address: str, started: Started, ended: Ended) -> None:
    """All elements of a file in UTF-8, in their order. Raises `BadXml`, and whatever the two functions raise."""
    data = storage.read_bytes(address)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    path: list[str] = []
    texts: list[str] = []
    # Whether the last tag was one that begins an element.
    begun = False

    def declared(version: str, encoding: str | None, standalone: int) -> None:
        if (encoding or _ENCODINGS[0]).lower() not in _ENCODINGS:
            raise BadXml(f"{address} is in {encoding}; it has to be in UTF-8: save it so")

    def typed(*declaration: object) -> None:
        raise BadXml(
            f"{address} declares a document type (<!DOCTYPE>), whose entities could stand for anything, so none is read: "
            "take the declaration out"
        )

    def start(word: str, attributes: dict[str, str]) -> None:
        nonlocal begun
        path.append(word)
        texts.clear()
        begun = True
        started(path, attributes, parser.CurrentByteIndex)

    def end(word: str) -> None:
        nonlocal begun
        # An element of one tag ends here already, any other behind the tag that begins here.
        place = parser.CurrentByteIndex
        if not (data.endswith(b"/>", 0, place) and begun and not texts):
            place = data.index(b">", place) + 1
        ended(path, "".join(texts), place)
        path.pop()
        texts.clear()
        begun = False

    parser.XmlDeclHandler = declared
    parser.StartDoctypeDeclHandler = typed
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = texts.append
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadXml(f"{address} is not valid XML: {error}") from None


def read_element(address: str, word: str) -> ElementTree.Element:
    """The element of this word that a part of a file is. Raises `BadXml`."""
    file = address.partition("#bytes=")[0]
    try:
        found = ElementTree.fromstring(storage.read_bytes(address))
    except FileNotFoundError:
        raise BadXml(f"{file} does not exist") from None
    except storage.CutOff as error:
        raise BadXml(str(error)) from None
    except (ElementTree.ParseError, ValueError) as error:
        raise BadXml(f"{file} is not valid XML where an element <{word}> was: {error}") from None
    if found.tag != word:
        raise BadXml(f"{file} has <{found.tag}> where an element <{word}> was; it was changed, start again")
    return found
