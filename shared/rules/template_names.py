"""Where the parts of a template lie, and what a template may be called. Apart from rendering, because settings ask too."""

import re

SUBJECT_FILE = "subject.txt"
TEXT_FILE = "text.txt"
HTML_FILE = "body.html"

LAYOUT_FILE = "layout.html"
"""The frame that every HTML body may extend; it lies beside the templates' folders."""

REQUIRED_FILES = (SUBJECT_FILE, TEXT_FILE)
"""Without these a folder is no template; the HTML is optional, because text alone is a complete mail."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?")


def valid_name(name: str) -> bool:
    """Whether `name` may be a template's: lower-case letters, digits and inner hyphens, at most 50. Never a path."""
    return _NAME.fullmatch(name) is not None
