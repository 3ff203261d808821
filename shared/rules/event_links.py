"""Links in texts of other people: what a mail program would turn into a link is defanged, unless it leads to a known host.

Mail programs make links of texts by themselves, in plain text and in HTML, each by rules of its own. So the question is not
"what is an address?" but "what might any of them take for one?": `https://evil.test/x` becomes `hxxps://evil[.]test/x`;
`www.evil.pdf`, `evil.com` and `bob@evil.test` get their dots in brackets, `javascript:` and `file://` their colon. Nothing
is removed, and what was defanged once is not changed again.

A link stays only if every reader of it must come to the same known host: written in ASCII, without user, backslash or
escapes before the path, and without a second, unknown address inside. That is narrower than what a browser accepts (WHATWG
URL Standard, "Host parsing"), never wider. One pass: every character is looked at a bounded number of times.
"""

import re

from shared.rules.event_hosts import folded
from shared.rules.event_link_scanner import LinkScanner
from shared.rules.event_schemes import SCRIPTS, WEB, acts

_SPARK = re.compile(r"[.:@\\/]")
"""Without one of these there is no link."""

_HOST_AT_ONCE = re.compile(r"(\A\s*)([/\\]{2,})(?=[\w\[%])")
"""`//host` as the whole value is a link to another host where a template puts it behind one."""

_SPLIT = re.compile(r"(\s*)([A-Za-z][A-Za-z0-9+.\t\n-]{0,80}):([/\\]*[\t\n]?)")
"""A scheme at the very beginning. Browsers take tabs and newlines out of a link's target: `java<newline>script:`."""

_WWW = re.compile(r"(?<![a-z0-9])(www[0-9]{0,3})\.(?=[^\s\w])", re.IGNORECASE)
"""Even `www.%20@10.0.0.1` is a link for a program to which `www.` is enough."""

_SHARE = re.compile(r"(?<![^\s(\"'<>\[])(\\\\)(?=\w)")
r"""Outlook makes links of `\\host\share`; opening one shows that host who the reader is (NTLM)."""


def defanged(text: str, hosts: frozenset[str]) -> str:
    """The text with every possible link broken that does not lead to one of `hosts` (exact, in lower case).

    `defanged(defanged(t, h), h) == defanged(t, h)`; at most three times as long, and linear in time.
    """
    shadow = folded(text)
    if not _SPARK.search(shadow):
        return text
    scanner = LinkScanner(text, shadow, hosts)
    scanner.scan()
    words = _WWW.sub(r"\1[.]", _whole("".join(scanner.pieces)))
    return _SHARE.sub(r"[\1]", _HOST_AT_ONCE.sub(r"\1[\2]", words))


def _whole(text: str) -> str:
    """The text with its first colon broken, where browsers that are to open all of it would find a scheme before it."""
    match = _SPLIT.match(text)
    if match is None:
        return text
    scheme = re.sub(r"[\t\n]", "", match[2]).lower()
    split = len(scheme) < len(match[2]) or match[3].endswith(("\t", "\n"))
    if scheme in SCRIPTS or (split and (scheme in WEB or acts(scheme))):
        return f"{text[: match.end(2)]}[:]{text[match.end(2) + 1 :]}"
    return text
