"""The files that people look at first agree with the code."""

import hashlib
import os
import re

import pytest

from model.weights import zoo
from model.weights.checkpoints import card_of, read_checkpoint
from pipelines.version import __version__
from tests.docs.pages import ROOT

WEIGHTS_LICENCE = (ROOT / "model/weights/zoo/LICENSE.md").read_text(encoding="utf-8")


def test_the_changelog_begins_with_this_version():
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == __version__
    assert versions == sorted(versions, reverse=True)


def test_the_licence_is_the_official_text():
    digest = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


@pytest.mark.parametrize("name", [*zoo.names(), *zoo.encoders()])
def test_the_licence_of_the_weights_speaks_of_all_weights_and_of_all_their_pools(name):
    assert f"| `zoo:{name}` |" in WEIGHTS_LICENCE
    if name == "lite":
        file = zoo.FOLDER / "lite.ckpt"
        pools = card_of(read_checkpoint(file), file).licences
        assert len(pools) == 13
        assert [pool for pool in pools if f"`{pool}`" not in WEIGHTS_LICENCE] == []


def test_hosted_ci_runs_what_everybody_runs():
    assert "- run: .ci/run\n" in (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    targets = re.findall(r"^make (\S+)$", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert targets == ["test", "test-slow", "test-e2e", "test-tools"]
