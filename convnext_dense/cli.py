"""The command line: ``convnext-dense COMMAND``, and the scripts in tools/.

What is heavy is imported when it is used, so that ``--help`` answers at once.
"""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from convnext_dense.errors import Stopped, UserError
from convnext_dense.options import parser
from convnext_dense.process import keep_memory, uncollected


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run a command and return its exit code: 0, or 2 for a user's mistake."""
    args = vars(parser(prog).parse_args(arguments))
    command = args.pop('command')
    _set_rank(args.pop('local_rank', None))
    if command != 'app':  # which runs for days
        keep_memory()
    try:
        with uncollected(freeze=True):
            run = COMMANDS[command]()
        return run(**args) or 0
    except Stopped as stop:
        return complain(stop.message, code=stop.code)
    except UserError as error:
        if os.environ.get('CONVNEXT_DENSE_TRACEBACK'):
            raise
        return complain(_message(error))
    except FileNotFoundError as error:
        return complain(f'file not found: {error.filename or _message(error)}')
    except (MemoryError, RuntimeError) as error:
        short = out_of_memory(error)
        if not short:
            raise
        return complain(
            f'{short}: make batches or images smaller; for training also set '
            'model.backbone.with_cp=True'
        )
    except KeyboardInterrupt:
        return complain('interrupted', code=130)


def _train() -> Callable[..., Any]:
    from convnext_dense.engine.launch import train

    return train


def _test() -> Callable[..., Any]:
    from convnext_dense.engine.launch import evaluate

    def test(**args: Any) -> None:
        evaluate(**args)

    return test


def _predict() -> Callable[..., Any]:
    from convnext_dense.inference.command import predict

    return partial(predict, say=print)


def _export() -> Callable[..., Any]:
    from convnext_dense.export.command import export

    return partial(export, say=print)


def _check_data() -> Callable[..., Any]:
    from convnext_dense.data_check import check_data

    def check(config: Path, cfg_options: Sequence[str], every: bool) -> int:
        reports = check_data(config, cfg_options)
        for report in reports:
            print(report.text(every))
        return int(any(report.errors for report in reports))

    return check


def _app() -> Callable[..., Any]:
    from convnext_dense.app.server import serve

    # A line counts when it is read, also through a pipe.
    return partial(serve, say=partial(print, flush=True))


def _report() -> Callable[..., Any]:
    from convnext_dense.report import write_report

    def report(work_dirs: Sequence[Path], out: Path | None) -> None:
        if len(work_dirs) > 2:
            raise UserError(f'two work dirs can be compared, not {len(work_dirs)}')
        print(f'report: {write_report(work_dirs, out)}')

    return report


def _convert() -> Callable[..., Any]:
    from convnext_dense.backbones.convert import convert

    return partial(convert, say=print)


def _complexity() -> Callable[..., Any]:
    from convnext_dense.engine.complexity import report

    return partial(report, say=print)


def _make_shapes() -> Callable[..., Any]:
    from convnext_dense.datasets.make_shapes import make_shapes

    return partial(make_shapes, say=print)


# Each imports what it runs.
COMMANDS: dict[str, Callable[[], Callable[..., Any]]] = {
    'train': _train,
    'test': _test,
    'predict': _predict,
    'export': _export,
    'check-data': _check_data,
    'report': _report,
    'app': _app,
    'convert': _convert,
    'complexity': _complexity,
    'make-shapes': _make_shapes,
}


def _set_rank(local_rank: str | None) -> None:
    if local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', local_rank)


def _message(error: BaseException) -> str:
    """Give the message alone, also of an error that a data loader's worker raised."""
    text = str(error)
    if text.startswith('Caught '):
        return text.rsplit(f'{type(error).__name__}: ', 1)[-1].strip()
    return text


def out_of_memory(error: BaseException) -> str:
    """Say what did not fit into memory; nothing if the error is another one."""
    told = _message(error).strip().partition('\n')[0]
    # Of a device torch says it by a class, of the processor by words.
    kinds = ('MemoryError', 'OutOfMemoryError')
    if type(error).__name__ not in kinds and 'allocate memory' not in told:
        return ''
    # torch begins with a place in its source.
    told = told.rpartition('DefaultCPUAllocator: ')[2]
    return f'out of memory ({told or "no more is said"})'


def complain(message: str, code: int = 2) -> int:
    """Print an error, once for all processes of a machine, and return the exit code."""
    file = os.environ.get('TORCHELASTIC_ERROR_FILE')
    if file:
        # torchrun ends all as soon as one has failed, so the first of them speaks. It
        # gives each process of an attempt its file, in folders of one folder.
        _say_once(f'error: {message}', Path(file).parents[1] / 'told')
    elif os.environ.get('RANK', '0') == '0':
        print(f'error: {message}', file=sys.stderr)
    return code


def _say_once(line: str, told: Path) -> None:
    import fcntl  # not on Windows, where only torchrun needs it

    with told.open('a') as mark:
        # Nobody ends before the line is out.
        fcntl.flock(mark, fcntl.LOCK_EX)
        if mark.seek(0, os.SEEK_END) == 0:
            print(line, file=sys.stderr, flush=True)
            mark.write('told')


if __name__ == '__main__':
    sys.exit(main())
