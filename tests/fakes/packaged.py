"""Templates and attachments in memory."""

import hashlib

from shared.rules.mail import Blob
from shared.rules.rendering import TemplateSources

NOTE = TemplateSources(subject="Note: {{ title }}", text="{{ title }}\n", html="<p>{{ title }}</p>")


class FakeTemplates:
    """Templates by name; `note`, which shows a title, is there from the start."""

    def __init__(self) -> None:
        self.templates = {"note": NOTE}

    def names(self) -> tuple[str, ...]:
        """As the port says."""
        return tuple(self.templates)

    def sources(self, name: str) -> TemplateSources:
        """As the port says."""
        return self.templates[name]

    def hash(self, name: str) -> str:
        """As the port says."""
        return hashlib.sha256(repr(self.templates[name]).encode()).hexdigest()


class FakeAttachments:
    """Blobs by full name; put them into `blobs`. `pinned` are the prefixes and names that were asked for."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.pinned: list[tuple[str, str]] = []

    async def pin(self, prefix: str, name: str) -> Blob | None:
        """As the port says."""
        self.pinned.append((prefix, name))
        content = self.blobs.get(f"{prefix}/{name}")
        if content is None:
            return None
        digest = hashlib.sha256(content).hexdigest()
        return Blob(name=f"{prefix}/{name}", etag=digest, sha256=digest, size=len(content))

    async def fetch(self, pinned: Blob) -> bytes | None:
        """As the port says."""
        content = self.blobs.get(pinned.name)
        return content if content is not None and hashlib.sha256(content).hexdigest() == pinned.sha256 else None
