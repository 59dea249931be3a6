"""A console that shows progress; the log file keeps everything."""

import logging

# A record longer than this many lines is a dump of the environment, the config, the
# hooks or the initialisation.
MOST_LINES = 40

# One line per parameter, or of interest to nobody who watches a run.
NOISE = (
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
    '------------------------------------------------------------\nSystem environment:',
    'The prefix is not set in metric class',
    'Distributed training is not used, all SyncBatchNorm',
    'Exp name: ',
    'Hooks will be executed in the following order',
    'paramwise_options -- ',
)


class ConsoleFilter(logging.Filter):
    """Keep dumps and noise off the console."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is shown."""
        message = record.getMessage().lstrip()
        return message.count('\n') < MOST_LINES and not message.startswith(NOISE)


def quieten(logger: logging.Logger) -> None:
    """Filter what a logger writes to the console, and nothing of its files."""
    for handler in logger.handlers:
        if type(handler) is logging.StreamHandler:
            handler.addFilter(ConsoleFilter())
