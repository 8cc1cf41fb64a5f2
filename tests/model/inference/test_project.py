"""Masks for whole projects: every mode, what is kept, what is added, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from model.__main__ import main
from model.inference.backend import TorchBackend
from model.inference.config import InferenceConfigError, parse_inference_config, read_inference_config
from model.inference.lengths import Margins, pixels
from model.inference.modes import Question
from model.inference.modes.full_image import FullImage
from model.inference.modes.roi import Roi
from model.inference.modes.sliding_window import Overlap, SlidingWindow, Window, windows
from model.inference.predictor import Predictor
from model.inference.project import Request, check_output, predict_project
from model.projects.images import clicks_of, open_images
from model.settings.classes import SpecialClasses
from pipelines.annotation import Annotation
from pipelines.clicks import Click
from pipelines.errors import UserError
from pipelines.figures import Bitmap, Figure, Point, Rectangle
from pipelines.formats.supervisely import annotation_json, meta_json, parse_annotation, read_meta
from pipelines.image import Rect
from pipelines.meta import ClassSpec, Meta
from tests.model.datasets import tiny_dataset
from tests.model.toy_networks import Spy, bright, discs, write_checkpoint

CONFIGS = Path("configs/inference")
HEIGHT, WIDTH = 40, 60
META = Meta(
    (ClassSpec("cat", "rectangle"), ClassSpec("pos", "point"), ClassSpec("neg", "point"), ClassSpec("sky", "bitmap"))
)
FIGURES = (
    Figure("cat", Rectangle(10, 10, 30, 30), description="seen twice"),
    Figure("pos", Point(20.0, 20.0)),
    Figure("neg", Point(50.0, 5.0)),
    Figure("neg", Point(200.0, 5.0)),
)


def image() -> np.ndarray:
    """Dark, with a bright box in columns 15 to 24 and rows 15 to 24, and one in columns 50 to 54 and rows 30 to 34."""
    canvas = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    canvas[15:25, 15:25] = 230
    canvas[30:35, 50:55] = 230
    return canvas


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two datasets; the second image has no points, and its annotation lacks the image's extension in its name."""
    root = tmp_path / "project"
    for dataset, name, figures in (("ds1", "a.png", FIGURES), ("ds2", "b.png", FIGURES[:1])):
        (root / dataset / "img").mkdir(parents=True)
        (root / dataset / "ann").mkdir()
        cv2.imwrite(str(root / dataset / "img" / name), image())
        stem = name if dataset == "ds1" else name.removesuffix(".png")
        content = annotation_json((HEIGHT, WIDTH), figures, extra={"customField": 7})
        (root / dataset / "ann" / f"{stem}.json").write_text(json.dumps(content))
    (root / "meta.json").write_text(json.dumps(meta_json(META)))
    return root


def request(mode: Any, network: Any = bright) -> Request:
    return Request(mode, Predictor(TorchBackend(network, 2.0)), SpecialClasses())


def mode_of(**settings: Any) -> Any:
    settings = {"name": "full_image", "model_classes": {"add_suffix": "_smtool"}} | settings
    return parse_inference_config(json.dumps({"model": {"gpu_device": 0}, "mode": settings}), "test.json").mode


def annotation_of(folder: Path, name: str) -> Annotation:
    dataset, file = name.split("/")
    meta = read_meta(json.loads((folder / "meta.json").read_text()))
    return parse_annotation(json.loads((folder / dataset / "ann" / f"{file}.json").read_text()), meta)


def run_mode(mode: Any, network: Any = bright) -> Any:
    question = Question(image(), Annotation((HEIGHT, WIDTH), FIGURES), SpecialClasses())
    return mode.answer(Predictor(TorchBackend(network, 2.0)), question)


# ---------------------------------------------------------------- a whole project


def test_a_project_keeps_its_images_and_objects_and_gets_masks(project: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    totals, drawn = predict_project(request(mode_of()), open_images(str(project)), output, pictures=5)
    assert (totals.images, totals.masks, totals.without_clicks, totals.failed) == (2, 1, 1, [])
    assert len(drawn) == 1
    for name in ("ds1/img/a.png", "ds2/img/b.png"):
        assert (output / name).read_bytes() == (project / name).read_bytes()
    meta = read_meta(json.loads((output / "meta.json").read_text()))
    assert meta.titles == (*META.titles, "obj_smtool")
    assert meta.shape_of("obj_smtool") == "bitmap"
    before = json.loads((project / "ds1/ann/a.png.json").read_text())
    after = json.loads((output / "ds1/ann/a.png.json").read_text())
    assert after["objects"][:-1] == before["objects"]
    assert after["customField"] == 7
    mask = annotation_of(output, "ds1/a.png").figures[-1]
    assert mask.title == "obj_smtool"
    assert isinstance(mask.shape, Bitmap)
    assert (mask.shape.x, mask.shape.y) == (15, 15)
    assert mask.shape.area == 125
    unchanged = json.loads((output / "ds2/ann/b.png.json").read_text())
    assert unchanged == json.loads((project / "ds2/ann/b.json").read_text())


def test_a_dataset_in_shards_becomes_a_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tiny_dataset(tmp_path / "tiny", train=2, val=2)
    weights = write_checkpoint(tmp_path / "nano.ckpt", 32)
    arguments = ["predict", str(CONFIGS / "tutorial.json"), "--weights", str(weights), "--input", str(data)]
    arguments += ["--output", str(tmp_path / "out"), "--accelerator", "cpu", "--pictures", "3"]
    assert main(arguments) == 0
    assert "4 images, 4 masks of class obj_smtool, 0 areas without positive points, 0 failed" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "out/ds/img").iterdir()) == [f"{n:06d}.png" for n in range(4)]
    figures = annotation_of(tmp_path / "out", "ds/000001.png").figures
    assert [figure.title for figure in figures].count("obj_smtool") == 1
    assert figures[0].title == "obj"
    assert cv2.imread(str(tmp_path / "out_contact_sheet.png")) is not None


def test_clicks_are_obeyed_in_the_written_masks(project: Path, tmp_path: Path) -> None:
    predict_project(
        request(mode_of(), network=lambda image, maps: maps[:, :1] - 20), open_images(str(project)), tmp_path / "out"
    )
    mask = annotation_of(tmp_path / "out", "ds1/a.png").figures[-1].shape
    assert (mask.bounds, mask.area) == ((20, 20, 21, 21), 1.0)


def test_probabilities_are_saved_on_demand(project: Path, tmp_path: Path) -> None:
    with_areas = {"window": {"width": 40, "height": 40}, "min_overlap": {"x": 20}}
    for number, settings in enumerate(({}, {"name": "bboxes"}, {"name": "sliding_window", **with_areas})):
        output = tmp_path / f"out{number}"
        mode = mode_of(save_probabilities=True, **settings)
        predict_project(request(mode), open_images(str(project)), output)
        saved = cv2.imread(str(output / "ds1/probability/a.png.png"), cv2.IMREAD_UNCHANGED)
        assert saved.shape == (HEIGHT, WIDTH)
        # The network of these tests: 40 · (brightness − 0.5), and nothing where it did not look.
        assert (saved[18:22, 18:22] == round(255 / (1 + np.exp(-40 * (230 / 255 - 0.5))))).all()
        assert saved[12, 12] == 0
        assert not (output / "ds2/probability").exists()
    predict_project(request(mode_of()), open_images(str(project)), tmp_path / "plain")
    assert not list(tmp_path.glob("plain/*/probability"))


def test_an_earlier_result_survives_a_request_that_fails(project: Path, tmp_path: Path) -> None:
    weights = write_checkpoint(tmp_path / "nano.ckpt", 32)
    arguments = ["predict", str(CONFIGS / "tutorial.json"), "--input", str(project), "--output", str(tmp_path / "out")]
    assert main([*arguments, "--weights", str(weights)]) == 0
    before = sorted(tmp_path.glob("out/**/*"))
    assert main([*arguments, "--weights", "typo", "--overwrite"]) == 2
    assert sorted(tmp_path.glob("out/**/*")) == before
    (tmp_path / "out/ds1/img/old.png").write_bytes(b"")
    assert main([*arguments, "--weights", str(weights), "--overwrite"]) == 0
    assert sorted(tmp_path.glob("out/**/*")) == before


def test_a_cut_off_shard_is_an_error_of_its_images(tmp_path: Path) -> None:
    data = tiny_dataset(tmp_path / "tiny", train=6, val=2)
    [shard] = data.glob("*.tar")
    with shard.open("r+b") as file:
        file.truncate(shard.stat().st_size // 2)
    totals, _ = predict_project(request(mode_of()), open_images(str(data)), tmp_path / "out")
    assert totals.images == 8
    assert 0 < len(totals.failed) < 8
    assert "tiny-00000-of-00001.tar is cut off: of bytes " in totals.failed[0]


def test_a_broken_image_is_left_out_and_named(project: Path, tmp_path: Path) -> None:
    (project / "ds2/img/b.png").write_bytes(b"no picture")
    totals, _ = predict_project(request(mode_of()), open_images(str(project)), tmp_path / "out")
    assert totals.failed == [
        f"ds2/b.png: the image cannot be read: no known image format ({project}/ds2/img/b.png, 10 bytes)"
    ]
    assert (tmp_path / "out/ds1/img/a.png").exists()
    assert not (tmp_path / "out/ds2").exists()


def test_an_annotation_of_another_size_is_an_error_of_its_image(project: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(project / "ds1/img/a.png"), image()[:20])
    totals, _ = predict_project(request(mode_of()), open_images(str(project)), tmp_path / "out")
    assert totals.failed == [
        "ds1/a.png: the labels are 60x40 (width x height), the image is 60x20; they must have the same size"
    ]


def test_nothing_is_left_behind_when_a_run_breaks(project: Path, tmp_path: Path) -> None:
    def broken(image: Any, maps: Any) -> Any:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        predict_project(request(mode_of(), network=broken), open_images(str(project)), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["project"]


def test_points_become_clicks_positive_ones_first() -> None:
    figures = (Figure("neg", Point(1, 2)), Figure("pos", Point(3.4, 4.6)), Figure("pos", Point(59.6, 0)))
    clicks = clicks_of(Annotation((HEIGHT, WIDTH), figures), "pos", "neg")
    assert clicks == [Click(3, 5, True), Click(1, 2, False)]


def test_an_output_is_only_replaced_on_demand_and_only_if_it_is_a_project(tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    with pytest.raises(UserError, match="exists already; choose another folder, or replace it with --overwrite"):
        check_output(output, "in", overwrite=False)
    (output / "thesis.txt").write_text("dear to someone")
    with pytest.raises(UserError, match=r"is no project \(it has no meta.json\), so --overwrite leaves it alone"):
        check_output(output, "in", overwrite=True)
    (output / "meta.json").write_text("{}")
    check_output(output, "in", overwrite=True)
    assert output.exists()
    with pytest.raises(UserError, match="is the input; results go to a folder of their own"):
        check_output(output, str(output), overwrite=True)


def test_a_missing_gpu_is_said_and_the_cpu_used_unless_it_was_demanded(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    weights = write_checkpoint(tmp_path / "nano.ckpt", 32)
    arguments = ["predict", str(CONFIGS / "tutorial.json"), "--weights", str(weights), "--input", str(project)]
    assert main([*arguments, "--output", str(tmp_path / "out")]) == 0
    assert "model.gpu_device 0 is not on this machine: running on the CPU" in capsys.readouterr().err
    assert main([*arguments, "--output", str(tmp_path / "out2"), "--accelerator", "gpu"]) == 2
    assert "this machine has no CUDA GPU; use --accelerator cpu" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda root: None, "in does not exist"),
        (
            lambda root: root.mkdir(),
            "has none of the known layouts; found in it: nothing. Known: ",
        ),
        (
            lambda root: (root / "ds" / "img").mkdir(parents=True) or (root / "meta.json").write_text("[]"),
            "has no dataset: no folder in it has pictures in a folder img",
        ),
        (
            lambda root: (root / "ds" / "img").mkdir(parents=True) or (root / "meta.json").write_text('{"a": 1}'),
            'a project meta is an object with a list "classes"',
        ),
    ],
)
def test_what_is_no_project_is_refused(tmp_path: Path, prepare: Callable[[Path], Any], message: str) -> None:
    prepare(tmp_path / "in")
    with pytest.raises(UserError) as caught:
        open_images(str(tmp_path / "in"))
    assert message in str(caught.value)


def test_an_image_without_annotation_has_no_points(project: Path, tmp_path: Path) -> None:
    (project / "ds1/ann/a.png.json").unlink()
    totals, _ = predict_project(request(mode_of()), open_images(str(project)), tmp_path / "out")
    assert (totals.masks, totals.without_clicks, totals.failed) == (0, 2, [])
    assert annotation_of(tmp_path / "out", "ds1/a.png") == Annotation((HEIGHT, WIDTH))


def test_a_dataset_is_found_in_the_folder_that_it_was_written_into_whatever_else_is_there(tmp_path: Path) -> None:
    tiny_dataset(tmp_path / "out" / "tiny", train=2, val=1)
    (tmp_path / "out" / "mine" / "img").mkdir(parents=True)
    (tmp_path / "out" / "mine" / "meta.json").write_text(json.dumps(meta_json(META)))
    images = open_images(str(tmp_path / "out"))
    assert (images.project.layout, len(images)) == ("shards", 3)


def test_pictures_without_labels_are_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), image())
    with pytest.raises(UserError, match="has pictures without labels, so neither points nor objects"):
        open_images(str(tmp_path))


# ---------------------------------------------------------------- modes


def test_roi_looks_at_the_inner_part_only() -> None:
    spy = Spy()
    mode = mode_of(name="roi", bounds={"left": "10px", "bottom": "25%"}, save=True)
    found = run_mode(mode, spy)
    # Columns 10 to 59 and rows 0 to 29 remain.
    assert spy.images[0].shape[3] / spy.images[0].shape[2] == pytest.approx(50 / 30, abs=0.02)
    (mask,) = found.masks
    assert mask.shape == (HEIGHT, WIDTH)
    assert mask[15:25, 15:25].mean() > 0.9
    assert not mask[30:].any()
    assert [(figure.title, figure.shape) for figure in found.areas] == [("inference_roi", Rectangle(10, 0, 59, 29))]


def test_roi_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(UserError, match=r"mode\.bounds leave nothing of an image of 60×40 pixels"):
        run_mode(mode_of(name="roi", bounds={"left": "50%", "right": "50%"}))


def test_bboxes_looks_at_every_padded_box_with_its_clicks() -> None:
    mode = mode_of(name="bboxes", padding={"left": "50%", "top": "100px"}, save=True)
    found = run_mode(mode)
    (mask,) = found.masks
    assert mask[15:25, 15:25].mean() > 0.9
    assert not mask[:, 30:].any()
    # The box is 20 wide, from 10: half of that goes to its left, and the padding above it ends at the image.
    assert [(figure.title, figure.shape) for figure in found.areas] == [("cat_input_bbox", Rectangle(0, 0, 29, 29))]
    assert found.without_clicks == 0


def test_boxes_without_a_positive_click_are_counted() -> None:
    far = Figure("cat", Rectangle(45, 0, 58, 12))
    annotation = Annotation((HEIGHT, WIDTH), (far, *FIGURES))
    question = Question(image(), annotation, SpecialClasses())
    found = mode_of(name="bboxes").answer(Predictor(TorchBackend(bright, 2.0)), question)
    assert (len(found.masks), found.without_clicks) == (1, 1)
    only_dogs = mode_of(name="bboxes", from_classes=["dog"])
    assert run_mode(only_dogs).masks == ()


def test_neutral_objects_are_looked_at_only_by_name() -> None:
    annotation = Annotation((HEIGHT, WIDTH), (*FIGURES[1:], Figure("neutral", Rectangle(10, 10, 30, 30))))
    predictor = Predictor(TorchBackend(bright, 2.0))
    everything, named = mode_of(name="bboxes"), mode_of(name="bboxes", from_classes=["neutral"])
    question = Question(image(), annotation, SpecialClasses())
    masks = [mode.answer(predictor, question).masks for mode in (everything, named)]
    assert [len(found) for found in masks] == [0, 1]


def test_windows_end_at_the_border_and_share_the_overlap() -> None:
    mode = SlidingWindow(name="sliding_window", window=Window(width=25, height=40), min_overlap=Overlap(x=5, y=0))
    assert windows(mode, 40, 60) == [Rect(0, 0, 25, 40), Rect(20, 0, 45, 40), Rect(35, 0, 60, 40)]
    assert windows(mode, 40, 25) == [Rect(0, 0, 25, 40)]


def test_windows_that_do_not_fit_are_refused() -> None:
    mode = SlidingWindow(name="sliding_window", window=Window(width=50, height=50))
    with pytest.raises(UserError, match="the window of 50×50 pixels is larger than the image of 60×40"):
        windows(mode, 40, 60)
    with pytest.raises(InferenceConfigError, match="mode: min_overlap 50, 0 leaves no step in a window of 50×50"):
        mode_of(name="sliding_window", window={"width": 50, "height": 50}, min_overlap={"x": 50})


def test_sliding_windows_average_where_they_overlap_and_skip_what_has_no_click() -> None:
    spy = Spy(discs)
    mode = mode_of(name="sliding_window", window={"width": 40, "height": 40}, min_overlap={"x": 20}, save=True)
    found = run_mode(mode, spy)
    (mask,) = found.masks
    assert mask[20, 20]
    assert not mask[5, 50]
    assert not mask[32, 52]
    assert len(found.areas) == 2
    assert {figure.title for figure in found.areas} == {"sliding_window"}
    narrow = run_mode(mode_of(name="sliding_window", window={"width": 20, "height": 20}))
    assert narrow.without_clicks == 5


# ---------------------------------------------------------------- the request


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.json")), ids=lambda path: path.name)
def test_every_shipped_request_can_be_read(path: Path) -> None:
    config = read_inference_config(path)
    assert request(config.mode).title == "obj_smtool"


def test_the_tutorials_request_means_what_it_says() -> None:
    config = read_inference_config(CONFIGS / "tutorial.json")
    assert config.model.gpu_device == 0
    assert isinstance(config.mode, FullImage)
    assert config.mode.model_classes.save_classes == ("obj",)


def test_the_oldest_form_of_a_request_is_understood() -> None:
    text = '{"gpu_device": 1, "model_classes": {"add_suffix": "_x"}, "mode": {"source": "roi", "save": true}}'
    config = parse_inference_config(text, "request.json")
    assert config.model.gpu_device == 1
    assert isinstance(config.mode, Roi)
    assert (config.mode.save, config.mode.model_classes.add_suffix) == (True, "_x")
    with pytest.raises(InferenceConfigError, match=r"model\.gpu_devices: unknown key \(did you mean 'gpu_device'"):
        parse_inference_config('{"gpu_devices": 1, "mode": {"source": "roi"}}', "request.json")


def test_save_names_is_the_older_word_for_save_classes() -> None:
    assert mode_of(model_classes={"save_names": ["obj"]}).model_classes.save_classes == ("obj",)


@pytest.mark.parametrize(("length", "expected"), [("10px", 10), ("-3px", -3), ("25%", 10), ("-10%", -4), ("0%", 0)])
def test_lengths(length: str, expected: int) -> None:
    assert pixels(length, 40) == expected


def test_all_problems_of_a_request_are_listed_at_once() -> None:
    text = json.dumps(
        {
            "modl": {},
            "model": {"gpu_device": -1, "gpu_devices": 0},
            "mode": {
                "name": "roi",
                "bounds": {"left": "5", "botom": "5px"},
                "save_probabilities": "yes",
                "model_classes": {"save_classes": 3, "add_sufix": "_x"},
            },
        }
    )
    with pytest.raises(InferenceConfigError) as caught:
        parse_inference_config(text, "request.json")
    message = str(caught.value)
    assert message.startswith("request.json: 8 problems\n")
    for part in (
        "modl: unknown key (did you mean 'model'?); known here: model, mode",
        "model.gpu_device: found -1",
        "model.gpu_devices: unknown key (did you mean 'gpu_device'?); known here: gpu_device",
        "mode.bounds.left: '5' is no length; write whole pixels such as \"10px\"",
        "mode.bounds.botom: unknown key (did you mean 'bottom'?); known here: left, top, right, bottom",
        'mode.save_probabilities: found "yes"',
        'mode.model_classes.save_classes: found 3; give a list of class names, or "__all__"',
        "mode.model_classes.add_sufix: unknown key (did you mean 'add_suffix'?)",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"mode": {"name": "full_imag"}}',
            'mode.name: found "full_imag"; allowed are bboxes, full_image, roi, sliding',
        ),
        ('{"mode": {"name": "full_imag"}}', " (did you mean 'full_image'?)"),
        ('{"mode": {"name": "sliding_window_det"}}', "sliding_window_det is not available here: it collects rect"),
        ('{"model": {}}', 'mode: found null; an object with a "name" is needed'),
        ("[]", 'found []; an object with the keys "model" and "mode" is needed'),
        ('{"mode": }', "line 1, column 10: not JSON"),
    ],
)
def test_requests_that_make_no_sense_are_refused(text: str, message: str) -> None:
    with pytest.raises(InferenceConfigError) as caught:
        parse_inference_config(text, "request.json")
    assert message in str(caught.value)


def test_a_missing_request_is_named() -> None:
    with pytest.raises(InferenceConfigError, match=r"inference config nowhere\.json: cannot be read"):
        read_inference_config("nowhere.json")


def test_only_classes_of_the_network_can_be_saved() -> None:
    with pytest.raises(UserError, match=r"the network has no class 'objj', only obj \(did you mean 'obj'"):
        request(mode_of(model_classes={"save_classes": ["objj"]}))
    with pytest.raises(UserError, match="an empty list saves nothing"):
        request(mode_of(model_classes={"save_classes": []}))


def test_classes_of_the_project_and_of_the_request_must_fit() -> None:
    with pytest.raises(UserError, match=r"the project has no class 'cet' \(did you mean 'cat'"):
        request(mode_of(name="bboxes", from_classes=["cet"])).output_meta(META)
    taken = request(Roi(name="roi", bounds=Margins(), save=True, class_name="sky"))
    with pytest.raises(UserError, match=r"sky.*choose another add_suffix or class_name"):
        taken.output_meta(META)
    with_boxes = request(mode_of(name="bboxes", save=True)).output_meta(META)
    assert with_boxes.titles == (*META.titles, "obj_smtool", "cat_input_bbox", "sky_input_bbox")
