"""The page: what lies where, and which action answers which control."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from convnext_dense.errors import UserError
from convnext_dense.inference import Predictor

from . import markup
from .actions import (
    LEAST_SCORE,
    NOTHING,
    Actions,
    Looked,
    write_json,
    write_labels,
    write_picture,
)
from .view import View

# What the pictures of a training run show.
THRESHOLD = 0.5
OPACITY = 0.45
# Seconds after which the images of somebody who left are forgotten, and their files.
FORGOTTEN_AFTER = 3600

SAVE_FILE = """(file) => {
    if (!file) return;
    const link = document.createElement('a');
    link.href = file.url;
    link.download = file.orig_name;
    link.click();
}"""


def theme() -> gr.Theme:
    """Give the looks; its fonts are those of the reader's machine."""
    return gr.themes.Default(
        primary_hue='teal',
        font=['system-ui', 'sans-serif'],
        font_mono=['ui-monospace', 'monospace'],
    )


def build_page(
    predictor: Predictor, title: str, examples: Sequence[Path], most_pixels: int
) -> gr.Blocks:
    """Lay out the page of a model.

    Args:
        predictor: The model.
        title: What it is called.
        examples: Images to begin with.
        most_pixels: Larger images are refused.
    """
    return _Page(predictor, title, examples, most_pixels).blocks


class _Page:
    def __init__(
        self,
        predictor: Predictor,
        title: str,
        examples: Sequence[Path],
        most_pixels: int,
    ):
        self.actions = Actions(predictor, most_pixels)
        with gr.Blocks(
            title=title,
            analytics_enabled=False,
            delete_cache=(FORGOTTEN_AFTER, FORGOTTEN_AFTER),
        ) as self.blocks:
            self.looked = gr.State(time_to_live=FORGOTTEN_AFTER)
            _html(markup.heading(title, _described(predictor)), 'cd-head')
            with gr.Row():
                with gr.Column(min_width=300):
                    self.image = gr.Image(
                        label='Image',
                        sources=['upload', 'clipboard'],
                        buttons=[],
                        elem_id='cd-image',
                    )
                    self.examples = gr.Examples(
                        [[str(path)] for path in examples],
                        self.image,
                        label='Examples',
                        elem_id='cd-examples',
                    )
                with gr.Column(min_width=300):
                    self.figure = _html(NOTHING.figure, 'cd-stage')
                    self.status = _html('', 'cd-status')
            with gr.Row():
                with gr.Column(min_width=300):
                    self._controls(predictor.segments)
                with gr.Column(min_width=300):
                    self.table = _html('', 'cd-table')
            self._wire()

    def _controls(self, segments: bool) -> None:
        self.threshold = gr.Slider(
            LEAST_SCORE, 1, THRESHOLD, step=0.01, elem_id='cd-threshold',
            label='Threshold: lowest score', visible=not segments,
        )  # fmt: skip
        self.opacity = gr.Slider(
            0, 1, OPACITY, step=0.05, label='Opacity', elem_id='cd-opacity'
        )
        self.legend = gr.CheckboxGroup(
            label='Classes', show_select_all=True, visible=False, elem_id='cd-legend'
        )
        writers = [('Picture (PNG)', write_picture), ('Result (JSON)', write_json)]
        if segments:
            writers.insert(1, ('Labels (PNG)', write_labels))
        with gr.Row():
            self.savers = {
                gr.Button(name, size='md', min_width=110, interactive=False): write
                for name, write in writers
            }
        self.file = gr.File(visible=False)

    def _wire(self) -> None:
        controls: list[Any] = [self.threshold, self.opacity, self.legend]
        shown = [self.figure, self.table, self.status]
        quiet: dict[str, Any] = dict(api_visibility='private', show_progress='hidden')
        # Not `change`: the image that was read takes the place of the file. Nothing is
        # preprocessed: Gradio would fail on what is no image before we could say so.
        for given in (self.image.input, self.examples.load_input_event.then):
            given(
                self._look,
                [self.image, self.threshold, self.opacity],
                [self.image, self.looked, self.legend, *self.savers, *shown],
                preprocess=False,
                concurrency_limit=1,
                concurrency_id='network',
                api_visibility='private',
                show_progress_on=self.figure,
            )
        for control in controls:
            control.input(
                self._show,
                [self.looked, *controls],
                shown,
                trigger_mode='always_last',
                concurrency_limit=4,
                **quiet,
            )
        for button, write in self.savers.items():
            button.click(
                self._saver(write), [self.looked, *controls], self.file, **quiet
            ).then(None, self.file, None, js=SAVE_FILE, **quiet)

    def _look(
        self, upload: dict[str, Any] | None, threshold: float, opacity: float
    ) -> tuple:
        off = gr.update(choices=[], value=[], visible=False)
        buttons = [gr.update(interactive=False)] * len(self.savers)
        if upload is None:
            return (None, None, off, *buttons, *NOTHING)
        try:
            looked = self.actions.look(upload['path'])
        except UserError as error:
            complaint = NOTHING._replace(figure=markup.complaint(str(error)))
            return (None, None, off, *buttons, *complaint)
        names = [*looked.finding.classes]
        first = looked.finding.shown_first
        legend = gr.update(choices=names, value=[*first], visible=bool(names))
        view = View(threshold, opacity, first)
        shown = self.actions.show(looked, view)
        buttons = [gr.update(interactive=True)] * len(self.savers)
        return (looked.finding.small_image, looked, legend, *buttons, *shown)

    def _show(
        self, looked: Looked | None, threshold: float, opacity: float, names: list[str]
    ) -> tuple:
        if looked is None:
            return NOTHING
        return self.actions.show(looked, View(threshold, opacity, tuple(names)))

    def _saver(self, write: Callable[[Looked, View, Path], Path]) -> Callable:
        def save(
            looked: Looked | None, threshold: float, opacity: float, names: list[str]
        ) -> str | None:
            if looked is None:
                return None
            view = View(threshold, opacity, tuple(names))
            return str(write(looked, view, Path(self.file.GRADIO_CACHE)))

        return save


def _html(content: str, elem_id: str) -> gr.HTML:
    return gr.HTML(content, elem_id=elem_id, apply_default_css=False, js_on_load=None)


def _described(predictor: Predictor) -> str:
    backbone = predictor.cfg.model.get('backbone', {})
    kind = str(backbone.get('type', '')).rpartition('.')[2]
    arch = backbone.get('arch', '')
    number = len(predictor.classes)
    return ' · '.join(
        filter(
            None,
            [
                str(predictor.cfg.model.type).rpartition('.')[2],
                f'{kind} {arch if isinstance(arch, str) else ""}'.strip(),
                f'{number} {"class" if number == 1 else "classes"}',
                str(predictor.device),
            ],
        )
    )
