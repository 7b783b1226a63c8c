"""Embedders for the pool's tests; the width of the picture says how they behave."""

from __future__ import annotations

import os
import signal
import time
from typing import NoReturn

import numpy as np

from matcher.photos.errors import MatchingUnavailable, NoFace
from matcher.photos.faces import Box, DetectedFace, FaceMeasures, Pixels, Quality

HANG, DIE, DEVOUR, NAP, CROWD, BUG, POOR, EMPTY, THREADS = range(20, 29)
NORMAL = 40
LEFT, RIGHT = Box(0, 0, 9, 9), Box(10, 0, 19, 9)


class ScriptedEmbedder:
    model_id = "scripted/1"
    width = 4

    def embed(self, pixels: Pixels) -> list[DetectedFace]:
        match pixels.shape[1]:
            case 20:
                time.sleep(3600)
            case 21:
                os.kill(os.getpid(), signal.SIGKILL)
            case 22:
                np.ones((20_000, 1_000_000), np.uint8)  # 20 GB
            case 23:
                time.sleep(0.4)
            case 24:
                return [face(LEFT), face(RIGHT)]
            case 25:
                raise ValueError("a bug")
            case 26:
                return [face(LEFT, sharpness=0.0)]
            case 27:
                raise NoFace((0, 90), (1, 2), (27, 27))
            case 28:
                return [face(LEFT, score=float(os.environ["OMP_NUM_THREADS"]))]
        return [face(LEFT)]


def face(box: Box, sharpness: float = 99.0, score: float = 1.0) -> DetectedFace:
    measures = FaceMeasures(100, sharpness, score, 10.0, 200.0)
    return DetectedFace(box, score, Quality.GOOD, np.full(4, os.getpid(), np.float32), measures)


def not_installed() -> NoReturn:
    raise MatchingUnavailable("nothing is installed", "run: install it")


def dies_at_once() -> NoReturn:
    os._exit(3)


def never_starts() -> NoReturn:
    time.sleep(3600)
    raise AssertionError
