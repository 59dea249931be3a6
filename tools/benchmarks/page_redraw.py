#!/usr/bin/env python
"""How long the page takes to follow its threshold: in Python, and in a browser.

The objects are discs, so that their number and size are what is asked for and no
checkpoint is needed; reading, drawing, sending and showing are what the page does.
"""

import argparse
import statistics
import sys
import time
from importlib.util import find_spec

import numpy as np
from mmengine.config import ConfigDict
from suite import positive

# Sets the slider as a hand does, and waits for the picture that answers it.
MOVE = """async (value) => {
  const stage = document.querySelector('#cd-stage');
  const slider = document.querySelector('#cd-threshold input[type=range]');
  const seen = () => stage.querySelector('.cd-figure image')?.getAttribute('href');
  const before = seen();
  const start = performance.now();
  await new Promise((resolve) => {
    new MutationObserver((_, observer) => {
      if (!seen() || seen() === before) return;
      observer.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(resolve));
    }).observe(stage, {childList: true, subtree: true});
    slider.value = value;
    slider.dispatchEvent(new Event('input', {bubbles: true}));
  });
  return performance.now() - start;
}"""


class Discs:
    """Stands in for a Predictor: finds discs, whatever the image shows."""

    device = 'cpu'
    segments = False
    classes = tuple(f'class {index}' for index in range(10))
    cfg = ConfigDict(model=dict(type='Discs'))

    def __init__(self, number: int):
        self.number = number

    def __call__(self, image: np.ndarray, threshold: float):
        """Find them, with scores from 1 down to the threshold."""
        from convnext_dense.inference import Detections
        from convnext_dense.visualization import MaskCrop

        rng = np.random.default_rng(0)
        height, width = image.shape[:2]
        radii = rng.integers(
            min(height, width) // 40, min(height, width) // 8, self.number
        )
        corners = rng.random((self.number, 2)) * np.stack(
            [width - 2 * radii, height - 2 * radii], axis=1
        )
        corners = corners.astype(int)
        crops = []
        for radius, (x, y) in zip(radii, corners, strict=True):
            down, across = np.mgrid[: 2 * radius, : 2 * radius] - radius
            crops.append(MaskCrop(int(x), int(y), down**2 + across**2 < radius**2))
        return Detections(
            size=(height, width),
            boxes=np.concatenate([corners, corners + 2 * radii[:, None]], 1).astype(
                'f4'
            ),
            scores=np.linspace(1, threshold, self.number, dtype=np.float32),
            labels=rng.integers(len(self.classes), size=self.number),
            classes=self.classes,
            crops=tuple(crops),
        )


def main() -> int:
    """Measure, and print a line for each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--objects', type=positive(int), default=80, metavar='N')
    parser.add_argument(
        '--size', type=positive(int), nargs=2, default=(1500, 2000), metavar='PX'
    )
    parser.add_argument('--repeats', type=positive(int), default=20, metavar='N')
    parser.add_argument('--port', type=positive(int), default=7869)
    parser.add_argument('--chromium', default='/usr/bin/chromium', metavar='PATH')
    args = parser.parse_args()
    if find_spec('playwright') is None:
        parser.error(
            "playwright is not installed: pip install 'convnext-dense[browser]'"
        )
    values = np.linspace(0.06, 0.3, args.repeats).round(2).tolist()
    height, width = args.size
    print(f'{args.objects} masks at {width} x {height}, {args.repeats} thresholds')
    report('drawn and written as HTML', in_python(args, values))
    report('slider moved until the picture is shown', in_browser(args, values))
    return 0


def report(what: str, milliseconds: list[float]) -> None:
    """Print the middle and the longest of some times."""
    middle, longest = statistics.median(milliseconds), max(milliseconds)
    print(f'{what}: median {middle:.0f} ms, longest {longest:.0f} ms')


def in_python(args: argparse.Namespace, values: list[float]) -> list[float]:
    """Time what the server does for each threshold."""
    import tempfile

    from PIL import Image

    from convnext_dense.app.actions import Actions
    from convnext_dense.app.view import View

    actions = Actions(Discs(args.objects), 10**8)
    with tempfile.NamedTemporaryFile(suffix='.png') as file:
        Image.fromarray(noise(args.size)).save(file)
        looked = actions.look(file.name)
    actions.show(looked, View(0.5, 0.5, Discs.classes))
    times = []
    for value in values:
        start = time.perf_counter()
        actions.show(looked, View(value, 0.5, Discs.classes))
        times.append(1000 * (time.perf_counter() - start))
    return times


def in_browser(args: argparse.Namespace, values: list[float]) -> list[float]:
    """Time what a person waits for, in headless Chromium."""
    import io

    from PIL import Image
    from playwright.sync_api import sync_playwright

    from convnext_dense.app.server import running

    file = io.BytesIO()
    Image.fromarray(noise(args.size)).save(file, 'PNG')
    upload = dict(name='noise.png', mimeType='image/png', buffer=file.getvalue())
    with (
        running(Discs(args.objects), 'discs', port=args.port) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=args.chromium, args=['--no-sandbox']
        )
        page = browser.new_page()
        page.goto(url)
        page.locator('#cd-image input[type=file]').set_input_files(upload)
        page.wait_for_selector('.cd-figure', timeout=60_000)
        page.evaluate(MOVE, 0.5)
        times = []
        for value in values:
            page.wait_for_timeout(200)
            times.append(page.evaluate(MOVE, value))
        browser.close()
    return times


def noise(size: tuple[int, int]) -> np.ndarray:
    """Give an image that is as hard to compress as a photograph."""
    import cv2

    coarse = np.random.default_rng(1).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    smooth = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(2).integers(-8, 9, smooth.shape)
    return (smooth + grain).clip(0, 255).astype(np.uint8)


if __name__ == '__main__':
    sys.exit(main())
