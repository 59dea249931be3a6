"""torchrun, with exit codes and errors of the processes that it starts.

``python -m convnext_dense.engine.processes`` takes torchrun's arguments. Where a
process fails, it ends with that process's exit code, and without torch's report on
top of the error that the process printed.
"""

import os
import signal
import sys
from collections.abc import Sequence

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main as torchrun

INTERRUPTED, TRY_AGAIN = 130, 75
# Passed on to the processes, which save and stop.
SIGNALS = 'SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1'


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, and give the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    # torch logs each step of its work at this level or above.
    os.environ.setdefault('TORCH_CPP_LOG_LEVEL', 'ERROR')
    # Several nodes get a new store for each start, without addresses of the dead.
    os.environ.setdefault('TORCH_DISABLE_SHARE_RDZV_TCP_STORE', '1')
    try:
        torchrun([f'--signals-to-handle={SIGNALS}', *given])
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        code = failure.exitcode
        return 128 - code if code < 0 else code
    except SignalException as error:
        return INTERRUPTED if error.sigval == signal.SIGINT else TRY_AGAIN
    return 0


if __name__ == '__main__':
    sys.exit(main())
