"""`actions`: every word explained, every setting with its sentence, and a schema that says what the reader of graphs says."""

import json
import subprocess
import sys

import pytest

from pipelines.actions import CATALOGUE
from pipelines.commands.actions import explanation
from pipelines.commands.actions_words import graph_schema, meaning, settings_of, settings_schema

WORDS = sorted(CATALOGUE)


def test_all_words_are_listed_with_their_meaning(command):
    lines = command("actions").out.splitlines()
    assert [line.split()[0] for line in lines[: len(WORDS)]] == WORDS
    width = max(map(len, WORDS))
    assert f"{'crop':<{width}}  cut off given sides, or keep a random part." in lines


@pytest.mark.parametrize("word", WORDS)
def test_every_setting_has_a_sentence_that_is_shown(word):
    action = CATALOGUE[word]
    text = " ".join(explanation(action).split())
    assert meaning(action) in text
    assert not meaning(action).startswith("`")
    for setting in settings_of(action):
        assert setting.sentence, f"the setting {setting.name} has no sentence under it"
        assert setting.sentence in text
    for example in action.examples:
        assert " ".join(json.dumps({"action": word, "settings": example}, ensure_ascii=False).split()) in text


def test_one_action_in_full(command):
    lines = command("actions", "crop").out.splitlines()
    assert "  one sample in, at most one out; draws at random with some settings" in lines
    assert "  sides: object, optional" in lines
    assert "      left: string, optional" in lines
    assert "          min_percent: number from 0 to 100" in lines
    assert "      keep_aspect_ratio: true or false, default false" in lines


BEHAVIOUR = [
    ("data", "starts a graph: its src are projects, as Project/* or Project/dataset; nothing is left to chance"),
    ("supervisely", "ends a graph: its dst is the name of the result; nothing is left to chance"),
    ("multiply", "makes several samples of one; nothing is left to chance"),
    ("generate_hints", "one sample in, at most one out; draws at random, the same numbers for the same seed"),
    (
        "if",
        "two outputs: dst is [where samples go when the condition holds, where the others go]; draws at random with some",
    ),
]


@pytest.mark.parametrize(("word", "text"), BEHAVIOUR)
def test_inputs_outputs_and_chance(word, text):
    assert text in explanation(CATALOGUE[word])


def test_names_of_settings_are_those_of_graphs():
    assert list(settings_schema(CATALOGUE["generate_hints"])["properties"]) == [
        "class",
        "positive_class",
        "negative_class",
        "min_points_number",
    ]
    assert list(settings_schema(CATALOGUE["if"])["properties"]) == ["condition"]


def test_the_schema_of_a_graph_names_all_it_uses(command):
    schema = json.loads(command("actions", "--schema").out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    text = json.dumps(schema)
    used = {part.split('"')[0] for part in text.split('"$ref": "#/$defs/')[1:]}
    assert used <= schema["$defs"].keys()
    assert {entry["const"] for entry in schema["items"]["properties"]["action"]["oneOf"]} == set(WORDS)


def test_lengths_are_strings_in_the_schema():
    sides = graph_schema()["$defs"]["crop.Sides"]["properties"]["left"]
    assert sides == {"type": "string"} | {key: sides[key] for key in sides if key in ("title", "description")}


GOOD_AND_BAD = [
    ("multiply", {"multiply": 3}, True),
    ("multiply", {"multiply": 0}, False),
    ("multiply", {"multiply": 3, "more": 1}, False),
    ("flip", {"axis": "diagonal"}, False),
    ("crop", {"sides": {"left": "4px"}}, True),
    ("crop", {"sides": {"lfet": "4px"}}, False),
    ("tag", {"tag": {"name": "x"}, "action": "add"}, True),
    ("tag", {"tag": 4, "action": "add"}, False),
    ("supervisely", {"anything": [1]}, True),
    ("data", {}, False),
]


@pytest.mark.parametrize(("word", "settings", "valid"), GOOD_AND_BAD)
def test_the_schema_accepts_what_the_language_accepts(word, settings, valid):
    jsonschema = pytest.importorskip("jsonschema")
    layer = {"action": word, "src": ["$a"], "dst": "$b", "settings": settings}
    assert jsonschema.Draft202012Validator(graph_schema()).is_valid([layer]) == valid


@pytest.mark.parametrize("file", ["configs/graphs/pascal_voc.json", "configs/graphs/mapillary.json"])
def test_the_graphs_of_this_project_fit_the_schema(file):
    jsonschema = pytest.importorskip("jsonschema")
    with open(file) as text:
        assert list(jsonschema.Draft202012Validator(graph_schema()).iter_errors(json.load(text))) == []


def test_the_schema_of_one_action(command):
    schema = json.loads(command("actions", "flip", "--schema").out)
    assert schema["properties"]["axis"]["enum"] == ["horizontal", "vertical"]
    assert "`vertical` exchanges left and right" in schema["properties"]["axis"]["description"]


def test_settings_inside_of_settings_are_described_in_the_schema_too():
    definitions = settings_schema(CATALOGUE["contrast_brightness"])["$defs"]
    assert definitions["Range"]["properties"]["max"]["description"] == "The upper end of the values to draw."
    # ... those that a dataclass inherits as well
    assert {name: bool(entry.get("description")) for name, entry in definitions["Contrast"]["properties"].items()} == {
        "min": True, "max": True, "center_grey": True,
    }  # fmt: skip


def test_settings_inside_of_a_list_have_their_place_in_their_name():
    names = [setting.name for setting in settings_of(CATALOGUE["filter_image_by_tag"])]
    assert names == ["tags", "tags[].name", "tags[].value", "condition"]


def test_an_unknown_word_gets_the_nearest(command):
    said = command("actions", "corp")
    assert said.code == 2
    assert said.err.startswith("there is no action 'corp' (did you mean 'crop'?); the actions are ")


def test_commands_import_neither_beam_nor_matplotlib():
    program = (
        "import sys, importlib\n"
        "from pipelines.__main__ import COMMANDS\n"
        "[importlib.import_module(f'pipelines.commands.{name}') for name in COMMANDS]\n"
        "print([name for name in ('apache_beam', 'matplotlib', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
