"""A mail's HTML body made fit to be shown: inert by the browser's own means, and without any remote load.

Three fences: the frame's `sandbox` attribute (in the page), the Content-Security-Policy of the answer (`POLICY`, which
holds even when somebody opens the address in a tab of its own), and, because a policy does not stop a browser from
looking up or connecting to a host that a `link` names, the renaming of the elements that act by merely standing there.
"""

import base64
import re
from collections.abc import Iterable
from urllib.parse import unquote

from devcloud.inbox.mail_view import Attachment

POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Nothing runs, nothing is fetched; inline styles and images that stand in the mail itself are shown."""

MAX_INLINED_CHARS = 32 * 1024 * 1024
"""Images written into one body: a small image named a thousand times must not become a huge answer."""

_IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/svg+xml"})

# A tag's name ends at white space, "/" or ">" (HTML standard, 13.2.5.8), so this finds every such tag.
_ACTIVE_TAG = re.compile(r"(</?)(script|link|meta|base)(?=[\s/>])", re.IGNORECASE | re.ASCII)

# Both stand-ins are parsed in the same places as what they replace (13.2.6.4.4), so the layout stays: `basefont` is
# empty and does nothing, `template` is neither shown nor run.
_STAND_INS = {"script": "template", "link": "basefont", "meta": "basefont", "base": "basefont"}
_DOCTYPE = re.compile(r"\s*(<!doctype[^>]*>)?", re.IGNORECASE)
_DEAD_LINKS = '<base target="_blank">'
"""A click then asks for a new window, which the sandbox forbids, instead of leaving the mail in its frame."""

_CID = re.compile(r"cid:([^\s\"'<>()\\]+)", re.IGNORECASE)


def shown(html: str, attachments: Iterable[Attachment]) -> str:
    """The body with its active elements renamed and its `cid:` images (RFC 2392) written in as data."""
    inert = _ACTIVE_TAG.sub(lambda tag: tag[1] + _STAND_INS[tag[2].lower()], html)
    after_doctype = _DOCTYPE.match(inert)
    place = after_doctype.end() if after_doctype else 0
    return inert[:place] + _DEAD_LINKS + _with_images(inert[place:], attachments)


def _with_images(html: str, attachments: Iterable[Attachment]) -> str:
    images = {part.content_id: part for part in attachments if part.content_id and part.content_type in _IMAGE_TYPES}
    room = MAX_INLINED_CHARS

    def replacement(found: re.Match[str]) -> str:
        nonlocal room
        image = images.get(unquote(found[1]))
        if image is None or room < len(image.content) * 4 // 3:
            return found[0]
        data = f"data:{image.content_type};base64,{base64.b64encode(image.content).decode('ascii')}"
        room -= len(data)
        return data

    return _CID.sub(replacement, html)
