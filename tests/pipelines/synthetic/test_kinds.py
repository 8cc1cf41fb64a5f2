"""The kinds of objects: each passes for things that exist in the other layout's list of labels."""

from pipelines.synthetic.kinds import KINDS
from pipelines.synthetic.vistas import VISTAS_LABELS


def test_every_kind_passes_for_labels_that_have_instances():
    instance_labels = {label.readable for label in VISTAS_LABELS if label.instances}

    assert {label for kind in KINDS for label in kind.vistas} <= instance_labels
