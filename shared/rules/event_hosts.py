"""What mail programs take for a host when a text names one without a scheme: `evil.com` and `www.evil`, but not `4.2.1`.

The last word decides: a name at the top of the DNS makes a host of it. So `report.pdf`, `index.html`, `e.g.` and
`order.failed` are left alone, but `setup.py` and `README.md` are hosts in Paraguay and Moldova, and mail programs link them.
"""

import re
from collections.abc import Iterator
from unicodedata import category, normalize

from shared.rules.top_level_domains import RESERVED_TOPS, TOP_LEVEL

LETTER_OF_ANY_KIND = "\N{FEMININE ORDINAL INDICATOR}"
"""Stands for marks and pictures in a folded text: they may be part of a name (`i❤.ws`), and it is a letter beyond ASCII."""

_STOPS = "\N{IDEOGRAPHIC FULL STOP}\N{HALFWIDTH IDEOGRAPHIC FULL STOP}"
"""Browsers read them as dots (UTS 46 section 2.3)."""

_WORN = frozenset({"Mn", "Mc", "Me", "So", "Sk", "No", "Nl"})
"""Categories of marks, pictures and numbers like \N{CIRCLED DIGIT ONE}, which only some programs take for part of a word."""

_AUTOMATIC = re.compile(r"(?<![a-z0-9])(?:www[0-9]{0,3}|ftp)\Z")
"""Words before a dot that are enough for Outlook and others, whatever the name ends with."""

_LONGEST_AUTOMATIC = len("-www000")

_HEAD = re.compile(rf"[a-z0-9]++|[^\x00-\x7f{LETTER_OF_ANY_KIND}]++")
"""The beginning of a word up to where some program ends it: at an underscore, a hyphen, or another alphabet."""


class _Folds(dict[int, str]):
    """Characters as browsers read them in a host (NFKC, without case), one for one, so that places stay the same.

    Only what differs is remembered, a few thousand characters at most.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = "." if character in _STOPS else normalize("NFKC", character).casefold()
        if len(folded) != 1 or not folded.isascii():
            folded = LETTER_OF_ANY_KIND if category(character) in _WORN else character
        if folded != character:
            self[code] = folded
        return folded


_FOLDS = _Folds({code: chr(code).lower() for code in range(128)})


def folded(text: str) -> str:
    """The text of the same length, in which a look-alike of an ASCII character is that character, in small letters."""
    return text.lower() if text.isascii() else text.translate(_FOLDS)


def looks_like_host(name: str, shadow: str) -> bool:
    """Whether a mail program may link this name (words with dots between); `shadow` is the same, folded.

    A `www` decides, or the last word, in each form in which programs read it. Android also links the beginning of
    `evil.com.Please`: any top-level name between two dots is enough for it, if it stands there in small letters
    (`Patterns.AUTOLINK_WEB_URL` knows no others), so that `Microsoft.Storage.BlobCreated` stays as it is.
    """
    *labels, (last_written, last) = _labels(name, shadow)
    if not labels:
        return False
    forms = (last, last_written.lower(), normalize("NFKC", last_written).casefold())
    if any(_begins_with(form, TOP_LEVEL) or _begins_with(form, RESERVED_TOPS) for form in forms):
        return True
    if any(_is_automatic(label) or _is_automatic(written.lower()) for written, label in labels):
        return True
    middle = [(written, form) for written, label in labels[1:] for form in (written, label)]
    heads = ((written, _HEAD.match(form)) for written, form in middle)
    return any(head and head[0] in TOP_LEVEL and written.startswith(head[0]) for written, head in heads)


def _labels(name: str, shadow: str) -> Iterator[tuple[str, str]]:
    """The words of a name as written, and folded."""
    begin = 0
    for label in shadow.split("."):
        yield name[begin : begin + len(label)], label
        begin += len(label) + 1


def _is_automatic(label: str) -> bool:
    return _AUTOMATIC.search(label[-_LONGEST_AUTOMATIC:]) is not None


def _begins_with(word: str, tops: frozenset[str]) -> bool:
    """Whether a word is one of `tops`, or begins with one for a program that ends words early."""
    bare = word.lstrip("_")
    head = _HEAD.match(bare)
    return bare in tops or (head is not None and head[0] in tops)
