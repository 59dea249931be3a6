"""A stand-in for a model, so that what it finds is known; what it found stays real."""

import importlib.util
import socket
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import ConfigDict
from PIL import Image

from convnext_dense.inference import Detections, LabelMap
from convnext_dense.visualization import MaskCrop

CHROMIUM = Path('/usr/bin/chromium')


class Finder:
    """Finds a circle (0.9), a square (0.6) and a circle (0.2), wherever it looks.

    As a segmentor, the left half is background, the rest a circle above a square.
    """

    device = 'cpu'

    def __init__(self, segments=False, classes=None):
        self.segments = segments
        self.classes = classes or (
            ('background', 'circle', 'square') if segments else ('circle', 'square')
        )
        self.cfg = ConfigDict(model=dict(type='MaskRCNN'))
        self.calls = 0

    def __call__(self, image, *, threshold):
        self.calls += 1
        height, width = image.shape[:2]
        if self.segments:
            labels = np.zeros((height, width), np.uint8)
            labels[: height // 4, width // 2 :] = 1
            labels[height // 4 :, width // 2 :] = 2
            return LabelMap(labels, self.classes)
        side = min(height, width) // 4
        corners = np.array([[0, 0], [2 * side, 0], [0, 2 * side]], dtype=np.float32)
        down, across = np.mgrid[:side, :side] - side // 2
        disc = down**2 + across**2 < (side // 2) ** 2
        masks = [disc, np.ones_like(disc), disc]
        found = Detections(
            size=(height, width),
            boxes=np.concatenate([corners, corners + side], axis=1),
            scores=np.array([0.9, 0.6, 0.2], dtype=np.float32),
            labels=np.array([0, 1, 0]),
            classes=self.classes,
            crops=tuple(
                MaskCrop(int(x), int(y), mask)
                for (x, y), mask in zip(corners, masks, strict=True)
            ),
        )
        return found.select(threshold)


@pytest.fixture
def finder():
    """Give a detector."""
    return Finder()


@pytest.fixture
def colourer():
    """Give a segmentor."""
    return Finder(segments=True)


@pytest.fixture
def image():
    """Give an image, (60, 80, 3)."""
    return np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


@pytest.fixture
def photo(image, tmp_path):
    """Give the path of a file with the image."""
    path = tmp_path / 'photo.png'
    Image.fromarray(image).save(path)
    return path


@pytest.fixture(scope='session')
def new_finder():
    """Give the class of the stand-in."""
    return Finder


@pytest.fixture(scope='session')
def unused_port():
    """Give a function that finds a port that nobody listens on."""

    def find():
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            return probe.getsockname()[1]

    return find


@pytest.fixture
def free_port(unused_port):
    """Give such a port."""
    return unused_port()


@pytest.fixture(scope='session')
def gradio():
    """Skip where the page cannot be made."""
    if importlib.util.find_spec('gradio') is None:
        pytest.skip("gradio is not installed (pip install 'convnext-dense[app]')")


@pytest.fixture(scope='session')
def browser(gradio):
    """Give headless Chromium."""
    sync_api = pytest.importorskip(
        'playwright.sync_api', reason='playwright is not installed (extra browser)'
    )
    if not CHROMIUM.exists():
        pytest.skip(f'no {CHROMIUM} (apt-get install chromium)')
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, args=['--no-sandbox']
        )
        yield found
        found.close()
