"""Elements of an XML file know their bytes, whatever form they have; what could unfold is refused."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.formats import storage
from pipelines.formats.xml_parts import BadXml, read_element, read_through


def parts_of(path, text: str | bytes, word: str = "b") -> list[str]:
    """The text of every element of this word, by its bytes."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    places: list[int] = []
    spans: list[tuple[int, int]] = []

    def started(words, attributes, place):
        places.append(place)

    def ended(words, text, end):
        start = places.pop()
        if words[-1] == word:
            spans.append((start, end))

    read_through(str(path), started, ended)
    return [storage.read_bytes(storage.byte_range(str(path), start, end - start)).decode() for start, end in spans]


@pytest.mark.parametrize(
    "part",
    [
        "<b/>",
        "<b />",
        '<b x="a>b"/>',
        "<b></b>",
        "<b>ü<c/></b>",
        "<b><!-- > --></b >",
        "<b><![CDATA[</b>]]></b>",
        "<b><b/></b>",
        "<b>/></b>",
        "<b><c/><!--/--></b>",
        "<b><?c /?></b>",
    ],
)
@pytest.mark.parametrize("before", ["", "\ufeff", '<?xml version="1.0" encoding="UTF-8"?>\n', "<!-- ä -->"])
def test_an_element_is_its_bytes(tmp_path, part, before):
    found = parts_of(tmp_path / "x.xml", f"{before}<a>{part}é{part}</a>")
    assert [text for text in found if text == part] == [part, part]
    for text in found:
        assert ElementTree.fromstring(text).tag == "b"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])), st.text("ab<>&\"'é "))
def test_what_is_told_is_what_was_written(tmp_path_factory, text, value):
    root = ElementTree.Element("a", x=value)
    ElementTree.SubElement(root, "b", y=value).text = text
    path = tmp_path_factory.mktemp("xml") / "x.xml"
    path.write_bytes(ElementTree.tostring(root, "utf-8"))
    told = []
    read_through(
        str(path),
        lambda words, attributes, place: told.append((list(words), attributes)),
        lambda words, said, end: told.append((list(words), said)),
    )
    assert told == [(["a"], {"x": value}), (["a", "b"], {"y": value}), (["a", "b"], text), (["a"], "")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<a>", "x.xml is not valid XML: no element found: line 1, column 3"),
        ("<a>&b;</a>", "x.xml is not valid XML: undefined entity: line 1, column 3"),
        ('<?xml version="1.0" encoding="latin-1"?><a/>', "x.xml is in latin-1; it has to be in UTF-8: save it so"),
        (b'\xff\xfe' + '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16-le"), "x.xml is in utf-16; it has to be"),
        ('<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>', "x.xml declares a document type (<!DOCTYPE>), whose entities could"),
        ('<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>', "x.xml declares a document type (<!DOCTYPE>), whose entities could"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, text, problem):
    with pytest.raises(BadXml, match=re.escape(f"{tmp_path}/{problem}")):
        parts_of(tmp_path / "x.xml", text)


def test_a_part_that_is_another_by_now_is_said(tmp_path):
    path = tmp_path / "x.xml"
    path.write_text("<a><b/><c></c></a>")
    assert read_element(storage.byte_range(str(path), 3, 4), "b").tag == "b"
    for start, length, problem in (
        (7, 7, r"x\.xml has <c> where an element <b> was; it was changed, start again"),
        (4, 4, r"x\.xml is not valid XML where an element <b> was: "),
        (10, 40, r"x\.xml is cut off: of bytes 10 to 50 there are 8"),
    ):
        with pytest.raises(BadXml, match=problem):
            read_element(storage.byte_range(str(path), start, length), "b")
    path.unlink()
    with pytest.raises(BadXml, match=r"x\.xml does not exist"):
        read_element(storage.byte_range(str(path), 0, 4), "b")
