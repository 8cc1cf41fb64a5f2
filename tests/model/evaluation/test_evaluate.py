"""The evaluation of whole data sets: objects from every form of data, report, table, pictures, and refusals."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from model.__main__ import main
from model.evaluation.baselines import EllipseSession, untrained_network
from model.evaluation.data import open_evaluation, painted_truth
from model.evaluation.objects import Candidate, EvaluationPlan, ObjectResult, evaluate
from model.evaluation.protocol import ClickStep, Run, run_clicks
from model.evaluation.report import make_room, report, table
from model.evaluation.sheets import commonness, mean_scores, sentences, worst_json, worst_objects
from model.evaluation.thirds import bounds_of
from model.evaluation.traits import TRAITS
from model.inference.backend import TorchBackend
from model.inference.predictor import Predictor
from model.settings.classes import SpecialClasses
from pipelines.clicks import Click
from pipelines.errors import UserError
from pipelines.figures import Bitmap, Figure, Rectangle
from tests.model.datasets import Stored, scene, tiny_dataset, write_dataset
from tests.model.toy_networks import Spy, bright, empty, write_checkpoint


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """Two images with three objects: bright boxes on dark ground, a void frame around the first one."""
    root = tmp_path / "voc"
    for folder in ("JPEGImages", "SegmentationObject", "ImageSets/Segmentation"):
        (root / folder).mkdir(parents=True)
    for name, boxes in (("a", [(5, 20, 10, 30)]), ("b", [(2, 12, 2, 12), (20, 38, 25, 45)])):
        image = np.full((40, 50, 3), 10, np.uint8)
        indices = np.zeros((40, 50), np.uint8)
        for number, (top, bottom, left, right) in enumerate(boxes, start=1):
            if name == "a":
                indices[top - 1 : bottom + 1, left - 1 : right + 1] = 255
            indices[top:bottom, left:right] = number
            image[top:bottom, left:right] = 250
        cv2.imwrite(str(root / "JPEGImages" / f"{name}.jpg"), image)
        mask = PIL.Image.fromarray(indices, mode="P")
        mask.putpalette([value for colour in range(256) for value in (colour, 0, 255 - colour)])
        mask.save(root / "SegmentationObject" / f"{name}.png")
    (root / "ImageSets/Segmentation/val.txt").write_text("b\na\n")
    (root / "ImageSets/Segmentation/first.txt").write_text("a\n")
    return root


def test_voc_objects_come_in_the_order_of_the_list_and_of_their_indices(voc: Path) -> None:
    images = list(open_evaluation(str(voc)))
    assert [(image.name, [name for name, _ in image.objects]) for image in images] == [("b", ["1", "2"]), ("a", ["1"])]
    truth = images[1].objects[0][1]
    assert truth.dtype == np.int8
    assert (truth == 1).sum() == 15 * 20
    assert (truth == -1).sum() == 17 * 22 - 15 * 20
    assert images[1].pixels.shape == (40, 50, 3)
    assert [image.name for image in open_evaluation(f"voc:{voc}", split="first")] == ["a"]
    assert [image.name for image in open_evaluation(f"voc:{voc}", split="all")] == ["a", "b"]


def test_a_dataset_gives_one_object_an_image_from_its_validation_split(tmp_path: Path) -> None:
    data = tiny_dataset(tmp_path / "tiny", train=3, val=2)
    images = list(open_evaluation(str(data)))
    assert [image.name for image in images] == ["ds/000003.png", "ds/000004.png"]
    assert [[name for name, _ in image.objects] for image in images] == [["obj"], ["obj"]]
    assert len(open_evaluation(str(data), split="train")) == 3
    assert len(open_evaluation(str(data), split="all")) == 5
    assert len(open_evaluation(str(tmp_path), split="all")) == 5


def test_without_tags_everything_is_evaluated(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "untagged", [scene(number, 32, ()) for number in range(3)])
    assert len(open_evaluation(str(data))) == 3


def test_figures_may_be_evaluated_one_by_one(tmp_path: Path) -> None:
    boxes = [np.ones((5, 5), bool), np.ones((6, 6), bool)]
    figures = tuple(Figure("obj", Bitmap(10 * place, 3, box)) for place, box in enumerate(boxes))
    stored = Stored(cv2.imencode(".png", np.zeros((32, 32, 3), np.uint8))[1].tobytes(), (32, 32), figures, ())
    data = str(write_dataset(tmp_path / "two", [stored]))
    merged, separate = (next(iter(open_evaluation(data, objects=kind))).objects for kind in ("merged", "separate"))
    assert [(truth == 1).sum() for _, truth in merged] == [61]
    assert [(name, (truth == 1).sum()) for name, truth in separate] == [("obj 1", 25), ("obj 2", 36)]


def test_truth_is_painted_in_order_with_neutral_as_void() -> None:
    below, above = Figure("obj", Rectangle(0, 0, 5, 5)), Figure("neutral", Rectangle(4, 0, 7, 7))
    truth = painted_truth([below, above, Figure("cat", Rectangle(0, 0, 7, 7))], [below], SpecialClasses(), (8, 8))
    assert truth[0].tolist() == [1, 1, 1, 1, -1, -1, -1, -1]
    truth = painted_truth([above, below], [below], SpecialClasses(), (8, 8))
    assert truth[0].tolist() == [1, 1, 1, 1, 1, 1, -1, -1]


@pytest.mark.parametrize(
    ("location", "split", "message"),
    [
        ("{tmp}/nothing", None, "no such folder; give a benchmark's folder (grabcut:DIR, "),
        ("coko:{tmp}/x", None, "unknown form 'coko' (did you mean 'coco'?)"),
        ("voc:{tmp}", None, "JPEGImages and SegmentationObject are missing"),
        ("{voc}", "vall", "no split 'vall' in ImageSets/Segmentation; there are first, val"),
        ("{data}", "test", "no image with the tag 'test'; there are train, val; `all` takes every image"),
    ],
)
def test_data_that_is_not_there_is_refused(
    voc: Path, tmp_path: Path, location: str, split: str | None, message: str
) -> None:
    data = tiny_dataset(tmp_path / "tiny", train=1, val=1)
    with pytest.raises(UserError) as caught:
        open_evaluation(location.format(tmp=tmp_path, voc=voc, data=data), split)
    assert message in str(caught.value)


def test_a_network_that_sees_the_objects_needs_one_click(voc: Path) -> None:
    predictor = Predictor(TorchBackend(bright, 3.0), guarantee=False)
    candidate = Candidate("bright", lambda image: predictor.set_image(image.pixels))
    results = evaluate(open_evaluation(str(voc), split="first"), [candidate], EvaluationPlan())
    assert [(result.image, result.object_name, result.pixels) for result in results] == [("a", "1", 300)]
    assert len(results[0].protocol.steps) == 1
    assert results[0].guaranteed == results[0].protocol


def test_the_guaranteed_run_pays_only_for_what_the_guarantee_changes(voc: Path) -> None:
    def runs_of(answer: object) -> int:
        spy = Spy(answer)
        predictor = Predictor(TorchBackend(spy, 3.0), guarantee=False)
        candidate = Candidate("spy", lambda image: predictor.set_image(image.pixels))
        (result,) = evaluate(open_evaluation(str(voc)), [candidate], EvaluationPlan(max_clicks=5, limit=1))
        assert all(step.newest_agrees for step in result.guaranteed.steps)
        return len(spy.images)

    # The second click asks to leave out the other bright object, in vain: three clicks are made anew.
    assert runs_of(bright) == 5 + 3
    # Not even the first click is obeyed: only its answer is shared.
    assert runs_of(empty) == 5 + 4


def test_the_random_annotator_is_the_same_in_every_run(voc: Path) -> None:
    candidates = [Candidate("ellipse", lambda image: EllipseSession(image.pixels.shape[:2]))]
    once, again = (
        evaluate(open_evaluation(str(voc)), candidates, EvaluationPlan(annotator="random")) for _ in range(2)
    )
    centre = evaluate(open_evaluation(str(voc)), candidates, EvaluationPlan())
    assert [result.protocol for result in once] == [result.protocol for result in again]
    assert [result.protocol for result in once] != [result.protocol for result in centre]


def test_a_report_is_written_with_table_curve_and_pictures(
    voc: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = write_checkpoint(tmp_path / "nano.ckpt", 32)
    output = tmp_path / "report"
    arguments = ["evaluate", "--data", str(voc), "--weights", str(weights), "--baseline", "ellipse"]
    arguments += ["--baseline", "untrained", "--max-clicks", "4", "--pictures", "--output", str(output)]
    assert main([*arguments, "--accelerator", "cpu"]) == 0
    report = json.loads((output / "report.json").read_text())
    assert report["settings"]["objects"] == 3
    assert report["settings"]["target_size"] == 32
    assert list(report["scores"]) == ["weights", "ellipse", "untrained"]
    ellipse = report["scores"]["ellipse"]["protocol"]
    assert set(ellipse["noc"]) == {"80", "85", "90"}
    assert list(ellipse["mean_iou_at"]) == ["1", "2", "3"]
    assert report["scores"]["weights"]["guaranteed"]["obedience"] == 1.0
    assert table(report["scores"]) in capsys.readouterr().out
    with (output / "objects.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 3 * 2
    assert rows[0]["image"] == "b"
    assert 0 <= float(rows[0]["iou4"]) <= 1
    assert sorted(path.name for path in (output / "pictures").iterdir()) == [
        "00000_b_1.png",
        "00001_b_2.png",
        "00002_a_1.png",
    ]
    assert cv2.imread(str(output / "contact_sheet.png")).shape[0] > 3 * 256
    assert (output / "curve.png").stat().st_size > 1000


def test_an_exported_network_is_evaluated_like_the_checkpoint(
    voc: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = write_checkpoint(tmp_path / "nano.ckpt", 32)
    exported = tmp_path / "nano.onnx"
    assert main(["export", "--weights", str(weights), "--output", str(exported)]) == 0
    scores = []
    for file in (weights, exported):
        report = tmp_path / f"report{file.suffix}"
        arguments = [
            "evaluate",
            "--data",
            str(voc),
            "--weights",
            str(file),
            "--max-clicks",
            "3",
            "--output",
            str(report),
        ]
        assert main(arguments) == 0
        scores.append(json.loads((report / "report.json").read_text())["scores"]["weights"]["protocol"])
    assert scores[1]["mean_iou"] == pytest.approx(scores[0]["mean_iou"], abs=0.01)


def test_everything_wrong_with_the_options_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--data", "x", "--pictures", "--limit", "0", "--max-clicks", "0"]) == 2
    said = capsys.readouterr().err
    assert "--max-clicks 0: must be at least 1" in said
    assert "--pictures needs --output DIR" in said
    assert "--limit 0: must be at least 1" in said


def test_options_that_do_not_go_together_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "evaluate",
        "--data",
        "x",
        "--draws",
        "3",
        "--start",
        "damaged",
        "--baseline",
        "ellipse",
        "--worst",
        "0",
    ]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "--draws 3: the annotator centre always clicks the same; use --annotator random or people" in said
    assert "--start damaged: the baseline ellipse knows nothing but clicks; leave one of the two out" in said
    assert "--worst 0: must be at least 1" in said


def ellipse_candidate() -> Candidate:
    return Candidate("ellipse", lambda image: EllipseSession(image.pixels.shape[:2]))


def test_people_click_elsewhere_in_each_draw_and_the_same_in_every_run(voc: Path) -> None:
    plan = EvaluationPlan(annotator="people", draws=3, max_clicks=5)
    once, again = (evaluate(open_evaluation(str(voc)), [ellipse_candidate()], plan) for _ in range(2))
    assert [(result.number, result.draw) for result in once] == [(n, d) for n in range(3) for d in range(3)]
    assert [result.protocol for result in once] == [result.protocol for result in again]
    first, second, third = (result.protocol.steps[0].click for result in once[:3])
    assert len({first, second, third}) == 3


def test_mean_spread_and_worst_fifth_are_those_of_the_slow_twin(voc: Path) -> None:
    plan = EvaluationPlan(annotator="people", draws=3, max_clicks=5)
    results = evaluate(open_evaluation(str(voc)), [ellipse_candidate()], plan)
    scores = report(results, plan, bounds_of(str(voc), 2, [result.share for result in results]))["ellipse"]["protocol"]
    iou = {(result.draw, result.number): result.protocol.steps[0].iou for result in results}
    means = [sum(iou[draw, number] for number in range(3)) / 3 for draw in range(3)]
    mean = sum(means) / 3
    assert scores["mean_iou_at"]["1"] == pytest.approx(mean)
    assert scores["spread"]["iou@1"] == pytest.approx((sum((value - mean) ** 2 for value in means) / 2) ** 0.5)
    worst = min(sum(iou[draw, number] for draw in range(3)) / 3 for number in range(3))
    assert scores["worst_fifth"]["objects"] == 1
    assert scores["worst_fifth"]["iou@1"] == pytest.approx(worst)
    assert (scores["objects"], scores["sessions"]) == (3, 9)
    # Three objects of three sizes: one in each third.
    for place, third in enumerate(("small", "middle", "large")):
        number = sorted({(result.share, result.number) for result in results})[place][1]
        assert scores["thirds"][third]["objects"] == 1
        expected = sum(iou[draw, number] for draw in range(3)) / 3
        assert scores["thirds"][third]["iou@1"] == pytest.approx(expected)


def test_one_draw_has_no_spread(voc: Path) -> None:
    results = evaluate(open_evaluation(str(voc)), [ellipse_candidate()], EvaluationPlan(max_clicks=2))
    assert report(results, EvaluationPlan(max_clicks=2))["ellipse"]["protocol"]["spread"] is None


def test_both_looks_draws_thirds_and_the_worst_are_in_report_csv_and_pictures(
    voc: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = write_checkpoint(tmp_path / "nano.ckpt", 32)
    output = tmp_path / "report"
    arguments = ["evaluate", "--data", str(voc), "--weights", str(weights), "--zoom", "both", "--annotator", "people"]
    arguments += ["--draws", "2", "--max-clicks", "3", "--pictures", "--output", str(output), "--baseline", "untrained"]
    assert main([*arguments, "--accelerator", "cpu"]) == 0
    said = capsys.readouterr().out
    found = json.loads((output / "report.json").read_text())
    looks = [f"{name}, {look}" for name in ("weights", "untrained") for look in ("published", "people")]
    assert list(found["scores"]) == looks
    assert all(name in said for name in looks)
    assert "± between 2 draws" in said
    assert "worst fifth" in said
    assert found["settings"]["draws"] == 2
    assert found["settings"]["objects"] == 3
    with (output / "objects.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 2 * 4 * 2
    assert {row["draw"] for row in rows} == {"0", "1"}
    assert {row["third"] for row in rows} == {"small", "middle", "large"}
    assert float(rows[0]["share"]) == pytest.approx(int(rows[0]["pixels"]) / (40 * 50), abs=1e-6)
    assert rows[0]["iou0"] == ""
    worst = found["worst"]
    assert worst["candidate"] == "weights, published"
    # Of three objects a third.
    assert len(worst["objects"]) == 1
    assert f"the 1 worst of {looks[0]}:" in said
    assert all(name in TRAITS for name in worst["objects"][0]["traits"])
    assert [one["trait"] for one in worst["in_common"]] == worst["objects"][0]["traits"]
    assert len(list((output / "pictures").iterdir())) == 3
    picture, one = cv2.imread(str(output / "worst.png")), cv2.imread(str(next((output / "pictures").iterdir())))
    assert picture.shape[0] > one.shape[0] + 3 * 22


def test_sessions_may_start_from_damaged_masks_and_boxes(
    voc: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = write_checkpoint(tmp_path / "nano.ckpt", 32)
    found = {}
    for start in ("damaged", "box"):
        arguments = ["evaluate", "--data", str(voc), "--weights", str(weights), "--start", start, "--max-clicks", "2"]
        output = tmp_path / start
        assert main([*arguments, "--accelerator", "cpu", "--output", str(output), "--pictures"]) == 0
        assert "mIoU@0" in capsys.readouterr().out
        found[start] = json.loads((output / "report.json").read_text())
        assert found[start]["settings"]["start"] == start
        with (output / "objects.csv").open() as file:
            starts = [float(row["iou0"]) for row in csv.DictReader(file)]
        assert found[start]["scores"]["weights"]["protocol"]["start_iou"] == pytest.approx(np.mean(starts), abs=1e-6)
    assert 0.75 <= found["damaged"]["scores"]["weights"]["protocol"]["start_iou"] <= 0.85


def done(number: int, score: float, traits: tuple[str, ...], draw: int = 0) -> ObjectResult:
    run = Run((ClickStep(Click(0, 0, True), round(1000 * score), 1000, 1, True),))
    return ObjectResult("x", "image", str(number), 1, run, run, 1.0, None, number, draw, 0.1, traits)


def test_the_worst_are_those_with_the_lowest_mean_of_their_draws() -> None:
    scores = [(0.9, 0.1), (0.4, 0.4), (0.8, 0.8), (0.2, 0.9), (0.7, 0.7), (0.6, 0.6)]
    results = [done(n, score, (), draw) for n, pair in enumerate(scores) for draw, score in enumerate(pair)]
    assert [(result.number, result.draw) for result in worst_objects(results)] == [(1, 0), (0, 0)]
    assert [result.number for result in worst_objects(results, 1)] == [1]
    assert mean_scores(results)[3] == pytest.approx(0.55)


def test_what_the_worst_have_in_common_is_said_in_words() -> None:
    results = [done(n, 0.1 + 0.05 * n, ("small", "border") if n < 4 else ("border",)) for n in range(12)]
    worst = worst_objects(results)
    assert sentences(commonness(results, worst)) == ["4 of 4 cover less than 1% of the image (of all objects 4 of 12)"]
    assert [one["stands_out"] for one in worst_json(results, 12)["in_common"]] == [True, False]
    alike = [done(n, 0.1 + 0.05 * n, ("border",)) for n in range(12)]
    assert sentences(commonness(alike, worst_objects(alike))) == [
        "nothing sets them apart",
        "nearest to it: 4 of 4 touch the image's border (of all objects 12 of 12)",
    ]


def test_a_box_around_what_a_network_sees_needs_no_click(voc: Path) -> None:
    predictor = Predictor(TorchBackend(bright, 3.0), guarantee=False)
    candidate = Candidate("bright", lambda image, **start: predictor.set_image(image.pixels, **start))
    results = evaluate(open_evaluation(str(voc)), [candidate], EvaluationPlan(start="box", max_clicks=5))
    scores = report(results, EvaluationPlan(start="box", max_clicks=5))["bright"]["protocol"]
    assert scores["noc"]["90"] == 0
    assert scores["start_iou"] > 0.9
    # Of a damaged mask at least one click is asked.
    results = evaluate(open_evaluation(str(voc)), [candidate], EvaluationPlan(start="damaged", max_clicks=5))
    assert min(result.protocol.clicks_to_reach(0.8) for result in results) >= 1


def test_an_image_without_objects_cannot_be_evaluated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored = Stored(cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes(), (8, 8), (), ())
    data = write_dataset(tmp_path / "bare", [stored])
    assert main(["evaluate", "--data", str(data), "--baseline", "ellipse"]) == 2
    assert "1 images without any object to evaluate on; look at --split and --objects" in capsys.readouterr().err


def test_the_ellipse_is_a_disc_for_one_click_and_yields_to_negative_ones() -> None:
    one = EllipseSession((100, 200)).click(50, 40, True)
    inside = np.argwhere(one.probability > 0)
    assert np.hypot(*(inside - (40, 50)).T).max() == pytest.approx(12, abs=1)
    wide = one.click(90, 40, True)
    assert wide.probability[40, 70] == 1
    assert wide.probability[40].sum() > wide.probability[:, 70].sum()
    cut = wide.click(80, 40, False)
    assert cut.probability[40, 80] == 0
    assert cut.probability[40, 90] == 1
    assert not EllipseSession((10, 10)).click(3, 3, False).probability.any()


def test_the_ellipse_gets_better_with_clicks() -> None:
    y, x = np.ogrid[:80, :120]
    truth = (((x - 60) / 40) ** 2 + ((y - 40) / 18) ** 2 <= 1).astype(np.int8)
    run = run_clicks(EllipseSession(truth.shape), truth)
    assert run.steps[0].click == Click(60, 40, True)
    assert max(step.iou for step in run.steps) > 0.8 > run.steps[0].iou


def test_an_untrained_network_is_the_same_for_a_seed() -> None:
    first, again, other = (untrained_network("nano", seed).head.weight for seed in (0, 0, 1))
    assert bool((first == again).all())
    assert not bool((first == other).all())


def test_a_new_report_keeps_no_picture_of_the_old_one(tmp_path):
    (tmp_path / "report" / "pictures").mkdir(parents=True)
    stale = [tmp_path / "report" / name for name in ("contact_sheet.png", "worst.png", "pictures/old.png")]
    for path in stale:
        path.write_bytes(b"old")
    make_room(tmp_path / "report")
    assert not any(path.exists() for path in stale)


def test_a_file_is_no_folder_for_a_report(tmp_path):
    (tmp_path / "report").write_text("mine")
    with pytest.raises(UserError, match="is a file; name a folder for the report"):
        make_room(tmp_path / "report")
