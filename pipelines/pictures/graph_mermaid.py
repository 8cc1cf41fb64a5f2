"""A graph as Mermaid text, which GitHub and many editors draw inside Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.pictures.graph_outline import Box, Outline, Output

_SHAPES = {"source": ('(["', '"])'), "sink": ('[("', '")]'), "if": ('{"', '"}'), "step": ('["', '"]')}
_CLASSES = {
    "source": "fill:#e3effb,stroke:#3f7fbf,color:#1f2933",
    "sink": "fill:#e2f4e5,stroke:#3c9650,color:#1f2933",
    "if": "fill:#fff3d6,stroke:#c8932b,color:#1f2933",
    "step": "fill:#f7f8fa,stroke:#8593a2,color:#1f2933",
    "discarded": "fill:#ffffff,stroke:#aab4bf,color:#6b7785,stroke-dasharray:4 3",
}
# Characters that end a quoted label, or that Mermaid takes for markup inside of one.
_ENTITIES = {character: f"#{ord(character)};" for character in '#"<>&`\\'}


def mermaid(outline: Outline) -> str:
    """The whole graph as the text of a flowchart."""
    return "\n".join(_lines(outline)) + "\n"


def quoted(text: str) -> str:
    """A text that stands for itself inside a quoted label."""
    return "".join(_ENTITIES.get(character, character) for character in text)


def _lines(outline: Outline) -> Iterator[str]:
    yield "---"
    yield f'title: "{_title(outline)}"'
    yield "---"
    yield "flowchart TD"
    for box in outline.boxes:
        opening, closing = _SHAPES[box.kind]
        yield f"  {_name(box.layer.number)}{opening}{_label(box)}{closing}:::{_class(box.kind)}"
    for box in outline.boxes:
        for output in box.outputs:
            yield from _edges(output)
    used = [*dict.fromkeys(box.kind for box in outline.boxes), *(["discarded"] if outline.discards else [])]
    for kind in used:
        yield f"  classDef {_class(kind)} {_CLASSES[kind]}"


def _title(outline: Outline) -> str:
    text = f"{outline.title}: {outline.caption}" if outline.caption else outline.title
    return text.replace("\\", "/").replace('"', "'")


def _edges(output: Output) -> Iterator[str]:
    start = _name(output.layer.number)
    parts = [
        output.answer and f"{output.answer}:",
        output.name,
        "" if output.samples is None else f"({output.samples:,})",
    ]
    label = quoted(" ".join(part for part in parts if part))
    if output.discarded:
        yield f'  {start} -. "{label}" .-> {start}x{output.port}(["discarded"]):::{_class("discarded")}'
    for reader in output.readers:
        yield f'  {start} -- "{label}" --> {_name(reader.number)}'


def _label(box: Box) -> str:
    lines = [f"<b>{quoted(box.title)}</b>", *map(quoted, box.lines)]
    if box.saved is not None:
        lines.append(f"{box.saved:,} samples")
    return "<br/>".join([*lines, *box.losses])


def _name(number: int) -> str:
    return f"layer{number}"


def _class(kind: str) -> str:
    # `if` and the like could be words of Mermaid's own.
    return f"{kind}Layer"
