"""Characters that XML 1.0 forbids, taken out of a document (XML 1.0 section 2.2, production Char).

A storage queue carries its messages as XML. The real service refuses a message that XML cannot hold with
400 `InvalidXmlDocument`; Azurite 3.35.0 stores it and then answers **500 with an empty body** to every receive or
peek that would return it, so one such message hides all others of its batch. Measured on Azurite 3.35.0:

- raw U+FFFE, U+FFFF and the control characters except tab, line feed and carriage return: put 201, receive 500;
- the same characters written as references (`&#xFFFF;`): put 400;
- lone surrogates as raw bytes: stored as U+FFFD; as references: put 400.

The right place for a cure is therefore the *put*: a proxy before Azurite passes request bodies through
`sanitize_keeping_length` (the account key signs the length, so it must not change). `sanitize` is for documents that are
only read.
"""

import re

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}".encode()
_FILLER = b"?"
_HIGHEST_CODE_POINT = 0x10FFFF

# One alternative each: a control character, U+FFFE or U+FFFF, an encoded surrogate, a numeric reference.
_SUSPECT = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]"
    rb"|\xef\xbf[\xbe\xbf]"
    rb"|\xed[\xa0-\xbf][\x80-\xbf]"
    rb"|&#(?:x(?P<hexadecimal>[0-9A-Fa-f]+)|(?P<decimal>[0-9]+));"
)


def sanitize(document: bytes) -> bytes:
    """Return `document` (UTF-8) as well-formed text: what XML cannot hold becomes U+FFFD, one for each character.

    Bytes that are no UTF-8 become U+FFFD too. The result may be longer than the argument; markup is left alone.
    """
    cleaned = _SUSPECT.sub(lambda match: match.group() if _is_legal(match) else _REPLACEMENT, document)
    return cleaned.decode("utf-8", "replace").encode()


def sanitize_keeping_length(document: bytes) -> bytes:
    """Return `document` with every character that XML cannot hold overwritten, at exactly the same length.

    What took three bytes or more becomes U+FFFD (and question marks for what is left of a reference), a control
    character becomes a question mark.
    """
    return _SUSPECT.sub(lambda match: match.group() if _is_legal(match) else _overwritten(match), document)


def _is_legal(match: re.Match[bytes]) -> bool:
    hexadecimal, decimal = match.group("hexadecimal"), match.group("decimal")
    if hexadecimal is None and decimal is None:
        return False
    # Eight digits are more than any code point needs; int() would accept thousands.
    digits = (hexadecimal or decimal).lstrip(b"0") or b"0"
    code = int(digits, 16 if hexadecimal else 10) if len(digits) <= 8 else _HIGHEST_CODE_POINT + 1
    if code in {0x9, 0xA, 0xD}:
        return True
    return 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= _HIGHEST_CODE_POINT


def _overwritten(match: re.Match[bytes]) -> bytes:
    room = len(match.group())
    if room < len(_REPLACEMENT):
        return _FILLER * room
    return _REPLACEMENT + _FILLER * (room - len(_REPLACEMENT))
