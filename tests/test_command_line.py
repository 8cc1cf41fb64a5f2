"""The front of both packages: help that is quick, ends that shells understand, and no traceback for what a user can mend."""

import errno
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from pipelines.command_line import CommandLine
from pipelines.errors import UserError
from pipelines.version import __version__

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("pipelines", "model")
COMMANDS = [(package, name) for package in PACKAGES for name in import_module(f"{package}.__main__").COMMANDS]


def shell(line: str) -> subprocess.CompletedProcess[str]:
    line = line.replace("python ", f"{sys.executable} ")
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=ROOT, timeout=120)


@pytest.mark.parametrize("package", PACKAGES)
def test_help_names_every_command_and_loads_none(package):
    code = f"import sys, {package}.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    said, _, loaded = done.stdout.rstrip().rpartition("\n")
    assert all(f"    {name} " in said for name in import_module(f"{package}.__main__").COMMANDS)
    assert not {"torch", "numpy", "apache_beam"} & set(loaded.split())


@pytest.mark.parametrize(("package", "name"), COMMANDS)
def test_every_command_explains_itself_with_an_example(package, name, capsys):
    with pytest.raises(SystemExit) as end:
        import_module(f"{package}.__main__").main([name, "--help"])
    said = capsys.readouterr().out
    assert end.value.code == 0
    assert f"usage: python -m {package} {name}" in said
    assert f"  python -m {package} {name}" in said.partition("example")[2]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_version_is_that_of_the_installation(package, capsys):
    with pytest.raises(SystemExit):
        import_module(f"{package}.__main__").main(["--version"])
    assert capsys.readouterr().out == f"smart-tool {__version__}\n"


@pytest.mark.parametrize(
    "line",
    ["python -m model weights | true", "python -m pipelines actions | true", "python -m model weights | head -1"],
)
def test_a_reader_that_has_seen_enough_is_no_error(line):
    done = shell(f"set -o pipefail; {line}")
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("given", [["nonsense"], [], ["--nonsense"]])
def test_what_is_no_command_is_told_what_there_is(package, given, capsys):
    with pytest.raises(SystemExit) as end:
        import_module(f"{package}.__main__").main(given)
    assert end.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("package", "given", "message"),
    [
        ("model", ["weights", "--nonsense"], "weights has no option --nonsense; see python -m model weights --help"),
        ("pipelines", ["layouts", "--nonsense"], "layouts has no option --nonsense; see python -m pipelines layouts"),
    ],
)
def test_an_unknown_option_is_named(package, given, message, capsys):
    with pytest.raises(SystemExit) as end:
        import_module(f"{package}.__main__").main(given)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


class Ends:
    """A command that ends in the way it is made for."""

    DESCRIPTION = EPILOG = ""

    def __init__(self, how: BaseException | int) -> None:
        self.how = how

    def add_arguments(self, parser):
        pass

    def run(self, arguments):
        if isinstance(self.how, BaseException):
            raise self.how
        return self.how


@pytest.mark.parametrize(
    ("how", "status", "said"),
    [
        (0, 0, ""),
        (1, 1, ""),
        (UserError("the box is empty; give another"), 2, "the box is empty; give another\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
        (
            ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow.compute"),
            2,
            "pyarrow is not installed: it comes",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "out/x.tar"),
            4,
            "out/x.tar: the disk is full; free some space",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "out"), 4, "out: no permission; look at the owner"),
        (FileExistsError(errno.EEXIST, "File exists", "out"), 4, "out: a file is in the way"),
        (ConnectionResetError("the store hung up"), 4, "the store hung up"),
        (OSError(), 4, "OSError"),
        (MemoryError("cannot have 9 GB"), 4, "out of memory: cannot have 9 GB; take fewer workers"),
    ],
)
def test_how_commands_end(how, status, said, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "toys.end", Ends(how))
    assert CommandLine("toys", "", "toys", {"end": "ends"}).main(["end"]) == status
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize("how", [ModuleNotFoundError("No module named 'ours'", name="ours"), KeyError("x")])
def test_other_errors_are_ours_and_keep_their_traceback(how, monkeypatch):
    monkeypatch.setitem(sys.modules, "toys.end", Ends(how))
    with pytest.raises(type(how)):
        CommandLine("toys", "", "toys", {"end": "ends"}).main(["end"])


def test_a_traceback_can_be_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "toys.end", Ends(OSError(errno.ENOSPC, "No space left on device")))
    monkeypatch.setenv("SMART_TOOL_TRACEBACK", "1")
    with pytest.raises(OSError, match="No space left"):
        CommandLine("toys", "", "toys", {"end": "ends"}).main(["end"])
