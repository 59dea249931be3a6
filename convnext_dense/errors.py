"""Errors whose message is all that a user needs."""


class UserError(ValueError):
    """A mistake that the person at the keyboard can mend.

    The message names the file and the value and says the way out; tools print it
    without a traceback.
    """


class CheckpointError(UserError):
    """A checkpoint that cannot be read, trusted, or fitted."""
