"""Texts of an event as a mail may show them: nothing hidden, nothing reordered, no link but to known hosts.

Whoever opens an issue writes its title, and our mail carries it to people who trust us. So what cannot be seen is shown by
its code point, `[U+202E]`, and what a mail program would link is defanged (`event_links`). Nothing is left out or cut.

The expressions, and the list of top-level domains, are made on first use: together they cost a cold start 20 ms.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache

MOST_GROWTH = 9
"""Times its length that a text may grow: one invisible character becomes `[U+E0061]`."""

_EMOJI = "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u245f\u2500-\u27ff\u2801-\u2bff\u3030\u303d\u3297\u3299"
_EMOJI += "\U0001f000-\U0001f0ff\U0001f200-\U0001faff"
"""Pictures that may be followed by a choice of their form, and joined. None is a letter in disguise (no Ⓐ, no 🄰)."""

_JOINING = "\u0620-\u06dc\u06de-\u070e\u0710-\u08e1\u08e3-\u0dff\u1000-\u109f\u1780-\u17b3\u17b6-\u17d3\u1820-\u18aa"
"""Letters of scripts whose spelling needs joiners: Arabic and Persian, those of India, Khmer, Mongolian."""

_INVISIBLE = (
    "\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""C0 and C1 controls but tab and newline, bidirectional controls (UAX 9), and what has no shape of its own (Unicode:
Default_Ignorable_Code_Point, and the blank letters of Braille and Hangul).
"""

_HIDDEN = rf"""
    (?<=[{_EMOJI}])[\ufe0e\ufe0f]          # kept: the form of a picture
  | (?<=[0-9\#*])\ufe0f(?=\u20e3)          # kept: a key with a digit on it
  | (?:(?<=[{_EMOJI}])|(?<=[{_EMOJI}]\ufe0f))\u200d(?=[{_EMOJI}])  # kept: several pictures as one
  | (?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])                # kept: spelling
  | (?P<hidden>[{_INVISIBLE}])
"""


def tamed(value: object, links: Collection[str]) -> object:
    """A copy of a JSON value in which every text, and every name of an object, is harmless to show in a mail.

    Links stay only to hosts that stand in `links`, exactly and in any case; no entry stands for hosts below it. Names that
    become the same are told apart by a number. Line ends become newlines. Taming twice changes nothing more, and numbers,
    true, false and null never change. For values as `parse_json` gives them, whose depth is bounded.
    """
    return _tamed(value, frozenset(host.lower() for host in links))


def tamed_text(text: str, hosts: frozenset[str]) -> str:
    """One text; `hosts` in lower case. At most `MOST_GROWTH` times as long, and linear in time."""
    from shared.rules.event_links import defanged

    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return defanged(_hidden().sub(_shown, lines), hosts)


@cache
def _hidden() -> re.Pattern[str]:
    return re.compile(_HIDDEN, re.VERBOSE)


def _tamed(value: object, hosts: frozenset[str]) -> object:
    if isinstance(value, str):
        return tamed_text(value, hosts)
    if isinstance(value, Mapping):
        names = _distinct(tamed_text(str(name), hosts) for name in value)
        return {name: _tamed(item, hosts) for name, item in zip(names, value.values(), strict=True)}
    if isinstance(value, list | tuple):
        return [_tamed(item, hosts) for item in value]
    return value


def _shown(found: re.Match[str]) -> str:
    hidden = found["hidden"]
    return found[0] if hidden is None else f"[U+{ord(hidden):04X}]"


def _distinct(names: Iterator[str]) -> Iterator[str]:
    """The names, each that came before with a number behind it."""
    seen: set[str] = set()
    counts: dict[str, int] = {}
    for name in names:
        unique = name
        while unique in seen:
            counts[name] = counts.get(name, 1) + 1
            unique = f"{name} ({counts[name]})"
        seen.add(unique)
        yield unique
