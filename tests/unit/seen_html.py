"""What a browser would see of an HTML document: elements, links, event handlers."""

from html.parser import HTMLParser


class Seen(HTMLParser):
    """Notes elements and attributes of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        self.elements.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action", "background")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
