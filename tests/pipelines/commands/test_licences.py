"""Licences from the command line into the manifest, and what is refused."""

import json


def run(command, workspace, output, *more):
    return command(
        "run", workspace.plain_graph, "--project", workspace.project, "--output", output, "--shards", 2, *more
    )


def test_what_is_said_of_a_project_is_kept_beside_the_same_samples(workspace, command, tmp_path):
    said = run(command, workspace, tmp_path, "--licence", "Tiny=CC-BY-4.0", "--license", "Tiny=research  only")
    assert said.code == 0
    assert "licences: Tiny: CC-BY-4.0; research only\n" in said.out
    new, old = (json.loads((root / "plain" / "manifest.json").read_text()) for root in (tmp_path, workspace.plain))
    assert new.pop("licences") == {"Tiny": ["CC-BY-4.0", "research only"]}
    assert old.pop("licences") == {}
    assert new == old, "digests of the shards among it"
    said = command("stats", tmp_path, "--output", tmp_path / "report")
    assert "licences: Tiny: CC-BY-4.0; research only" in said.out.splitlines()
    numbers = json.loads((tmp_path / "report" / "stats.json").read_text())
    assert numbers["licences"] == {"Tiny": ["CC-BY-4.0", "research only"]}


def test_what_nobody_said_is_not_stated(workspace, command, tmp_path):
    said = run(command, workspace, tmp_path)
    assert "licences: Tiny: not stated (say it with --licence NAME=TEXT)\n" in said.out
    said = command("stats", workspace.plain)
    assert "licences: Tiny: not stated" in said.out.splitlines()


def test_all_mistakes_are_told_at_once(workspace, command, tmp_path):
    said = run(command, workspace, tmp_path, *(f"--licence={text}" for text in ("Tin=CC0", "CC0", "Tiny= ", "=CC0")))
    assert said.code == 2
    assert (
        "--licence Tin=CC0: there is no project 'Tin' (did you mean 'Tiny'?); given with --project are Tiny" in said.err
    )
    for text in ("CC0", "Tiny= ", "=CC0"):
        assert f"--licence {text}: found no NAME=TEXT; write e.g. --licence Tiny=CC-BY-4.0" in said.err
    assert list(tmp_path.iterdir()) == []
