"""What Python programs use of this package: check a graph, run it, open its result. `pipelines` offers the same names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.errors import UserError, shown
from pipelines.formats.shards import ShardedDataset
from pipelines.formats.shards import open_dataset as _opened
from pipelines.graph.check import Checked
from pipelines.graph.check import check as _checked
from pipelines.graph.problems import GraphError
from pipelines.graph.spec import read_graph
from pipelines.sources import Project, SourceError, bind


def check(graph: str | Path, projects: Mapping[str, str] | None = None) -> Checked:
    """Everything wrong with a graph, without reading an image: `problems`, and the plan where there is no error.

    graph: its JSON file.  projects: by the names that it uses their places, `[LAYOUT:]LOCATION`; without them datasets and
    classes are not checked. Raises UserError for a file or a place that cannot be read.
    """
    with shown(GraphError, SourceError, OSError):
        return _checked(read_graph(str(graph)), _opened_projects(projects or {}) or None)


def run(
    graph: str | Path,
    projects: Mapping[str, str],
    output: str | Path,
    *,
    seed: int = 0,
    shards: int | None = None,
    overwrite: bool = False,
    beam_options: Sequence[str] = (),
) -> ShardedDataset:
    """Run a graph over labelled images; the dataset is `output`/<name that the graph gives it>.

    graph, projects: as in `check`.  seed: decides every random draw.  shards: their number; None: one for every fifty images,
    at least eight.  overwrite: replace a finished dataset.  beam_options: of Beam, as on the command line, e.g.
    `["--direct_num_workers=4", "--direct_running_mode=multi_processing"]`.
    Raises UserError with all problems at once.
    """
    from pipelines.execute.options import BadOption, read_options
    from pipelines.execute.run import RunError, Settings
    from pipelines.execute.run import run as execute

    with shown(BadOption, GraphError, SourceError, RunError, OSError):
        options = read_options([*beam_options], ())
        places = _opened_projects(projects)
        checked = _checked(read_graph(str(graph)), places)
        if checked.plan is None:
            raise UserError("\n".join(map(str, checked.problems)))
        return execute(checked.plan, places, Settings(str(output), seed, shards, overwrite), options)


def open_dataset(location: str | Path) -> ShardedDataset:
    """A finished dataset, or the one in the folder that `run` wrote into: `len`, `read(row)`, `index`, `meta`, `manifest`.

    Raises UserError for anything else.
    """
    with shown(OSError):
        return _opened(str(location))


def _opened_projects(places: Mapping[str, str]) -> dict[str, Project]:
    return bind(f"{name}={place}" for name, place in places.items())
