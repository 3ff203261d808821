"""What can go wrong while the host starts and runs.

HostFault            the host cannot start: settings, host.json or the app are wrong; the text says what to do
└── LoadFault        the app cannot be loaded; in Azure this shows as "0 functions"
InvocationFailed     one call of a function failed; the host goes on
"""


class HostFault(Exception):
    """The host refuses to start; the message names the setting or key and the cure."""


class LoadFault(HostFault):
    """The app cannot be indexed or one of its functions cannot be loaded."""


class InvocationFailed(Exception):
    """A function raised, timed out, returned what it may not, or one of its outputs could not be written."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause
        """Name of the exception type; never its text, which may hold addresses or message bodies."""
