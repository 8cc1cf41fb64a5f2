"""What pages and help texts tell people to type is understood: commands, options and values, targets of make, scripts."""

import argparse
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, fenced, indented, markdown, name_of

PACKAGES = ("pipelines", "model")
INLINE = re.compile(r"`((?:python3? |make |smart-tool)[^`]+)`")
LEFT_OUT = {"...", "…", "[...]"}
"""A word that stands for others: what is missing around it is not asked for."""
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


class Refused(Exception):
    """What the parser says."""


def shown_on(page: Path) -> Iterator[tuple[str, bool]]:
    """The command lines in a page's blocks, which are whole, and those in its sentences, which need not be."""
    text = page.read_text(encoding="utf-8")
    blocks = [indented(text), *(body for kind in ("console", "bash") for _, body in fenced(text, kind))]
    for line in "\n".join(blocks).replace("\\\n", " ").splitlines():
        if re.match(r"(\$ )?(python3? |make |smart-tool)", line):
            yield line.removeprefix("$ "), True
    yield from (
        (match.replace("\n", " "), False) for match in INLINE.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    )


def shown_in_help() -> Iterator[tuple[str, str]]:
    """(command, line) of every example that a command shows."""
    for package in PACKAGES:
        front = importlib.import_module(f"{package}.__main__").COMMAND_LINE
        texts = {"": front.epilog} | {
            name: importlib.import_module(f"{front.package}.{name}").EPILOG for name in front.commands
        }
        for name, text in texts.items():
            for line in text.splitlines():
                if line.startswith("  python"):
                    # Remarks stand behind an example with some room between.
                    yield f"{package} {name}".strip(), re.split(r"\s{3,}", line.strip())[0]


def parser_of(package: str, command: str) -> argparse.ArgumentParser:
    front = importlib.import_module(f"{package}.__main__").COMMAND_LINE
    if command not in front.commands:
        raise Refused(f"there is no command {command!r}")
    module = importlib.import_module(f"{front.package}.{command}")

    class Parser(argparse.ArgumentParser):
        def error(self, message):
            raise Refused(message)

    parser = Parser(allow_abbrev=False, add_help=False)
    parser.add_argument("--help", "-h", action="store_true")
    module.add_arguments(parser)
    return parser


def understood(line: str, whole: bool) -> None:
    """Raises `Refused` with what is wrong with a command line; whole: whether nothing that it needs may be missing."""
    words = shlex.split(line, comments=True)
    whole = whole and not LEFT_OUT & set(words)
    match [word for word in words if word not in LEFT_OUT]:
        case ["make", *given]:
            _make(given)
        case ["python" | "python3", "-m", ("pipelines" | "model") as package, *given]:
            _command(package, given, whole)
        case ["smart-tool-data" | "smart-tool" as script, *given]:
            _command({"smart-tool-data": "pipelines", "smart-tool": "model"}[script], given, whole)
        case ["python" | "python3", "-m", name, *_]:
            importlib.import_module(name)
        case ["python" | "python3", file, *given] if file.endswith(".py"):
            _script(file, given)
        case _:
            raise Refused(f"not understood: {line}")


def _make(given: list[str]) -> None:
    for word in given:
        name, assigned, _ = word.partition("=")
        if assigned and not re.search(rf"\$\({name}\)|^{name} [?:]?=", MAKEFILE, re.MULTILINE):
            raise Refused(f"no variable {name} in the Makefile")
        if not assigned and not re.search(rf"^{word}:", MAKEFILE, re.MULTILINE):
            raise Refused(f"no target {word} in the Makefile")


def _command(package: str, given: list[str], whole: bool) -> None:
    if not given or given[0].startswith("--"):
        if set(given) - {"--version", "--help"}:
            raise Refused(f"{given}: no command")
        return
    command, *words = given
    parser = parser_of(package, command)
    known = {option for action in parser._actions for option in action.option_strings}
    module = importlib.import_module(f"{package}.commands.{command}")
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    if unknown and getattr(module, "PASSES_ON", False):
        _beam(unknown)
    elif unknown:
        raise Refused(f"{command} has no option {unknown[0]}")
    if whole and "--help" not in words:
        parser.parse_known_args(words)


def _beam(options: list[str]) -> None:
    from pipelines.execute.options import BadOption, read_options

    try:
        read_options(options, ())
    except BadOption as error:
        raise Refused(str(error)) from None


def _script(file: str, given: list[str]) -> None:
    path = ROOT / file
    if not path.is_file():
        raise Refused(f"there is no {file}")
    source = path.read_text(encoding="utf-8")
    for word in given:
        if word.startswith("--") and f'"{word.partition("=")[0]}"' not in source:
            raise Refused(f"{file} has no option {word}")


def wrong_with(line: str, whole: bool = True) -> str:
    """Nothing, or what is wrong."""
    try:
        understood(line, whole)
    except (Refused, ValueError, ModuleNotFoundError) as error:
        return f"{line}: {error}"
    return ""


PAGES = [page for page in markdown() if any(True for _ in shown_on(page))]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_tells_to_type_is_understood(page):
    assert [said for line, whole in shown_on(page) if (said := wrong_with(line, whole))] == []


def test_what_help_shows_is_understood():
    lines = list(shown_in_help())
    assert len(lines) > 40
    assert [f"{where}: {said}" for where, line in lines if (said := wrong_with(line))] == []


def test_there_are_command_lines_on_the_front_page():
    lines = [line for line, whole in shown_on(ROOT / "README.md") if whole]
    assert "make demo" in " ".join(lines)
    assert any("pipelines run" in line for line in lines)


@pytest.mark.parametrize(
    "line",
    [
        "make nonsense",
        "make train DATUM=x",
        "python -m pipelines chek graph.json",
        "python -m pipelines check",
        "python -m pipelines check graph.json --projekt A=b",
        "python -m pipelines run ... --runer=FlinkRunner",
        "python -m model evaluate --zoom near",
        "python -m model train config.json",
        "python -m nonsense",
        "python bench/nonsense.py",
        "python bench/gpu.py --nonsense",
        "smart-tool nonsense",
    ],
)
def test_what_is_wrong_is_seen(line):
    assert wrong_with(line)


@pytest.mark.parametrize(
    "line",
    [
        "make data PROJECT=PascalVOC=data/VOC2012 WORKERS=8   # on all cores",
        "python -m pipelines run ... --direct_num_workers=8",
        "python -m model --version",
        "smart-tool show --help",
        "python3 bench/gpu.py --list",
    ],
)
def test_what_is_right_is_not(line):
    assert wrong_with(line) == ""
