"""Names in the mail's storage that more than one room uses."""

SENDING = "sending"
"""The private queue, from `accept` to `send`."""
