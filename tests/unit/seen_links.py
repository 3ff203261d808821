r"""What mail programs make of a text: the places to which a reader can get from it. Written apart from the code under test.

A program is greedy here wherever any known one is: it links schemes, `www.`, names that end in a top-level domain (Gmail,
Apple Mail, Android), mail addresses, and Outlook's `file:` and `\\host\share`.
"""

import re
from urllib.parse import unquote

import idna

_STRIPPED = ".,;:!?'\")]}*_~`|"
_SCHEMED = re.compile(r"(?<![a-z0-9])(?:https?|ftp)://[^\s<>]+", re.IGNORECASE)

_PART = r"(?:[A-Za-z0-9._~/?#&=+:@-]|%[0-9a-f]{2})"
_NARROW = re.compile(rf"(?<![a-z0-9])https?://{_PART}+", re.IGNORECASE)
"""The same for programs that end a link at a bracket, a comma or another alphabet, and look for the next one behind it."""

_WWW = re.compile(r"(?<![a-z0-9])www\.[^\s<>]+", re.IGNORECASE)

_LETTERS = r"0-9A-Za-z\u00a1-\u1fff\u3004-\ud7ff\uff10-\uffdc\U0001f300-\U0001faff"
_DOT = r"[.\u3002\uff0e\uff61]"
_TOPS = r"(?:(?:com|net|org|io|co|uk|de|md|py|zip|online|xn--p1ai)(?![A-Za-z0-9])|\u0440\u0444(?!\w))"
_BARE = re.compile(rf"(?:[{_LETTERS}-]+{_DOT})+{_TOPS}(?::\d+(?!\w))?(?:[/?]{_PART}*)?", re.IGNORECASE)
_BARE_SMALL = re.compile(rf"[{_LETTERS}-]+\.{_TOPS}")
"""Android: only small letters, but in the middle of a name too."""

_MAIL = re.compile(r"[\w.+-]+@((?:[\w-]+\.)+[\w-]*[^\W\d_][\w-]*|[0-9]+(?:\.[0-9]+){3})(?![\w.\uff0e\u3002-])")
_ACTING = re.compile(
    r"(?<![a-z0-9])(javascript|vbscript|data|file|mailto|tel|ms-word|search-ms):[/\\]*[^\s/\\]", re.IGNORECASE
)
_DEAD = ("hxxp", "hxxps")
"""No host ends like this; a name to which a broken link was glued does."""

_SHARE = re.compile(r"(?<![^\s(\"'<\[])\\\\(\w+)")


def browser_host(address: str) -> str | None:
    """The host that a browser takes out of a web address (WHATWG URL Standard), None where it refuses to open it.

    A dot at its end is left out: it means the same host.
    """
    found = re.match(r"https?:[/\\]*([^/\\?#]*)", re.sub(r"[\t\n\r]", "", address).strip("\0 "), re.IGNORECASE)
    if found is None:
        return None
    named = re.sub(r":[0-9]*\Z", "", found[1].rpartition("@")[2])
    try:
        host = idna.uts46_remap(unquote(named), std3_rules=False, transitional=False)
    except (idna.IDNAError, UnicodeError):
        return None
    host = host.lower().removesuffix(".")
    return None if not host or re.search(r"[\x00-\x20#%/:<>?@\[\\\]^|]", host) else host


def reachable(text: str) -> set[str]:
    """The hosts to which a mail program may link something in the text; other schemes by their name and a colon."""
    addresses = [found[0].rstrip(_STRIPPED) for pattern in (_SCHEMED, _NARROW) for found in pattern.finditer(text)]
    rest = _SCHEMED.sub("\0", text) + " " + _NARROW.sub("\0", text)
    names = _BARE.findall(rest)
    rest = _BARE.sub(lambda found: re.sub(r"[:/?].*", "/", found[0]), rest)
    names += [*_WWW.findall(rest), *_BARE_SMALL.findall(rest)]
    addresses += [f"http://{name.rstrip(_STRIPPED)}" for name in names]
    hosts = {browser_host(re.sub(r"\Aftp", "http", address, flags=re.IGNORECASE)) for address in addresses}
    mailed = {host.lower() for host in _MAIL.findall(rest)}
    others = {f"{scheme.lower()}:" for scheme in _ACTING.findall(rest)}
    found = {host for host in hosts if host} | mailed | others | set(_SHARE.findall(rest))
    return {host for host in found if not host.endswith(_DEAD)}
