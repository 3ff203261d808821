"""The templates that came with the package, read from its folder: one folder per template, one file per part.

`templates/<name>/subject.txt` and `text.txt` are required, `body.html` is not; `templates/layout.html` is the frame of all.
"""

import hashlib
from pathlib import Path

from shared.rules.rendering import TemplateSources
from shared.rules.template_names import HTML_FILE, LAYOUT_FILE, REQUIRED_FILES, SUBJECT_FILE, TEXT_FILE, valid_name

MAX_FILE = 500_000
"""Bytes of one file. A template is read into memory and kept there; a larger file is a mistake."""


class TemplateMissing(LookupError):
    """There is no such template in the package; the text names it only if it is a proper name."""

    def __init__(self, name: str) -> None:
        shown = repr(name) if valid_name(name) else "of that name"
        super().__init__(f"there is no template {shown}; add its folder under templates/ or use one that is there")


class TemplateFiles:
    """Reads each template once: the package does not change while the app runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: tuple[str, ...] | None = None
        self._read: dict[str, tuple[TemplateSources, str]] = {}

    def names(self) -> tuple[str, ...]:
        """The templates of the package, sorted; folders without the required files are not templates."""
        if self._names is None:
            found = self._folder.iterdir() if self._folder.is_dir() else ()
            self._names = tuple(sorted(path.name for path in found if self._is_template(path.name)))
        return self._names

    def sources(self, name: str) -> TemplateSources:
        """The sources of a template; raises `TemplateMissing`, also for a name that is a path."""
        return self._load(name)[0]

    def hash(self, name: str) -> str:
        """SHA-256 over all parts of a template and the layout, in hexadecimal; raises `TemplateMissing`."""
        return self._load(name)[1]

    def _load(self, name: str) -> tuple[TemplateSources, str]:
        known = self._read.get(name)
        if known is None:
            if not self._is_template(name):
                raise TemplateMissing(name)
            sources = self._sources(self._folder / name)
            known = self._read[name] = (sources, _hash(sources))
        return known

    def _is_template(self, name: str) -> bool:
        folder = self._folder / name
        return valid_name(name) and all((folder / part).is_file() for part in REQUIRED_FILES)

    def _sources(self, folder: Path) -> TemplateSources:
        return TemplateSources(
            subject=_text(folder / SUBJECT_FILE),
            text=_text(folder / TEXT_FILE),
            html=_optional(folder / HTML_FILE),
            layout=_optional(self._folder / LAYOUT_FILE),
        )


def _optional(path: Path) -> str | None:
    return _text(path) if path.is_file() else None


def _text(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise ValueError(f"the template file {path.parent.name}/{path.name} is larger than {MAX_FILE} bytes")
    return content.decode("utf-8")


def _hash(sources: TemplateSources) -> str:
    digest = hashlib.sha256()
    for part in (sources.subject, sources.text, sources.html, sources.layout):
        content = (part or "").encode()
        # The length keeps the parts apart: text moved from one part to the next gives another hash.
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()
