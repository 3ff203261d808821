"""A claim that stands in every token, and how to find any piece of such a token in whatever an app leaves behind."""

import base64
from collections.abc import Iterator
from urllib.parse import quote

CLAIM = "canary"

MARK = "qPuFJxV3mZ8tKwYc5RhD2sNbLg7EaTfX4vHjMk9WyBdQn6rGzCpS"
"""The claim's value: letters and digits that occur nowhere else, so that no piece of it can be there by chance."""

PIECE = 16
"""Characters. A leak of a token that is cut shorter than about twice this is not found."""

Text = str | bytes


def in_base64(text: bytes) -> Iterator[str]:
    """The Base64 of whatever holds this text: three forms, because it depends on where in its three bytes the text begins.

    Of each only what the text alone decides: the characters at both ends also hold bits of what is beside it.
    """
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text).decode().rstrip("=")
        yield encoded[4 if before else 0 : -4]


def forms() -> set[str]:
    """The mark as a token holds it, and the token's text as other encodings hold that.

    A token is Base64 itself (RFC 7519), of its claims' JSON. The SASL string and a binary column are Base64 of the token.
    """
    token = {segment.replace("+", "-").replace("/", "_") for segment in in_base64(MARK.encode())}
    plain = {MARK, *token}
    again = {encoded for text in plain for encoded in in_base64(text.encode())}
    readable = plain | again | {text.replace("+", "-").replace("/", "_") for text in again}
    encoded = {quote(text, safe="") for text in readable}
    hexadecimal = {text.encode().hex() for text in readable}
    return readable | encoded | hexadecimal | {text.upper() for text in hexadecimal}


def pieces() -> list[bytes]:
    """What to look for: every piece of every form, so that a token that was cut is found too."""
    found = {form[at : at + PIECE] for form in forms() for at in range(0, len(form) - PIECE + 1, PIECE // 2)}
    return sorted(piece.encode() for piece in found)


PIECES = pieces()


def leaks(said: Text) -> list[str]:
    """The pieces that stand in what was said; none of them is the whole of a token."""
    content = said.encode("utf-8", "surrogateescape") if isinstance(said, str) else said
    return [piece.decode() for piece in PIECES if piece in content]
