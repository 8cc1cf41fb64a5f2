"""The pictures of a validation show clicks, truth and answer where they are."""

import numpy as np

from model.clicks.tensors import NEGATIVE, PADDING, POSITIVE
from model.training.pictures import GREEN, GREY, RED, YELLOW, contact_sheet, row_of


def test_a_row_shows_clicks_truth_and_outline():
    # Given a black image of 160 pixels, so that nothing is enlarged
    label = np.zeros((160, 160), np.int8)
    label[20:100, 20:100] = 1
    label[150:] = -1
    probability = np.zeros((160, 160), np.float32)
    probability[40:80, 40:80] = 1
    points = np.array([[50, 60, POSITIVE], [120, 10, NEGATIVE], [5, 5, PADDING]], np.float32)
    row = row_of(np.zeros((160, 160, 3), np.uint8), label, probability, points)
    # Then there are three tiles with a gap after each
    assert row.shape == (164, 3 * 164, 3)
    clicks, truth, answer = (row[:160, start : start + 160] for start in (0, 164, 328))
    assert clicks[60, 50].tolist() == list(GREEN)
    assert clicks[10, 120].tolist() == list(RED)
    assert not clicks[5, 5].any()
    assert truth[60, 60].tolist() == [channel // 2 for channel in GREEN]
    assert truth[155, 5].tolist() == list(GREY)
    assert answer[40, 60].tolist() == list(YELLOW)
    assert not answer[60, 60].any()


def test_small_samples_are_enlarged_and_put_below_each_other():
    images = np.zeros((3, 3, 32, 32), np.uint8)
    labels, probabilities = np.zeros((3, 32, 32), np.int8), np.zeros((3, 1, 32, 32), np.float32)
    sheet = contact_sheet(images, labels, probabilities, np.zeros((3, 0, 3), np.float32))
    assert sheet.shape == (3 * (5 * 32 + 4), 3 * (5 * 32 + 4), 3)
