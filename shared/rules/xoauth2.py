"""The client's answer in SASL XOAUTH2, the one mechanism that Exchange Online offers to an app (Exchange reference 4.1)."""

import base64
import re

_VISIBLE = re.compile(r"[!-~]+")
"""Printable ASCII. A control character, above all 0x01, would end the field and begin another one."""


def initial_response(user: str, token_text: str) -> bytes:
    """The Base64 line, without line end, for the mailbox `user` and the access token; keep it out of logs.

    Raises `ValueError`, with neither of the two in its text, where one is empty or holds anything but printable ASCII.
    """
    for what, text in (("mailbox", user), ("token", token_text)):
        if not _VISIBLE.fullmatch(text):
            raise ValueError(f"the {what} for XOAUTH2 is empty or holds characters other than printable ASCII")
    return base64.b64encode(f"user={user}\x01auth=Bearer {token_text}\x01\x01".encode("ascii"))
