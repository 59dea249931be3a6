"""Errors whose message is all that a user needs."""


class UserError(ValueError):
    """A mistake that the person at the keyboard can mend.

    The message names the file and the value and says the way out; tools print it
    without a traceback.
    """


class CheckpointError(UserError):
    """A checkpoint that cannot be read, trusted, or fitted."""


class Stopped(Exception):
    """A run that a signal ended in good order, to be continued with ``--resume``.

    Args:
        message: What happened, and how to continue.
        code: The exit code of the program.
    """

    def __init__(self, message: str, code: int):
        super().__init__(message, code)
        self.message = message
        self.code = code
