"""Text files as people write them."""

import pytest

from pipelines.formats.text import NotText, decoded

TEXT = "größe\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf_8_is_text_and_its_mark_is_not(encoding):
    assert decoded(TEXT.encode(encoding), "x") == TEXT


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_named(encoding):
    mark = "\ufeff".encode(encoding) if encoding.endswith("le") else b""
    with pytest.raises(NotText, match=f"^x is {encoding[:6].upper()}; save it as UTF-8"):
        decoded(mark + TEXT.encode(encoding), "x")


def test_bytes_that_are_none_are_told_by_their_line():
    with pytest.raises(NotText, match="x, line 2: byte 0xf6 is no UTF-8; save the file as UTF-8"):
        decoded(b"first\ngr\xf6sse\n", "x")
