"""The templates that come with the package: any data becomes a sound mail, and nothing in it becomes markup."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.edges.template_files import TemplateFiles
from shared.rules.rendering import Rendered, TemplateRefused, render
from tests.unit.seen_html import Seen

FILES = TemplateFiles(Path(__file__).resolve().parents[2] / "templates")

_JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=20),
        st.just("<img src=x onerror=y>"),
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=12) | st.sampled_from(["title", "text", "data", "type", "link", "url"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)
_LINKS = st.sampled_from(
    ["https://contoso.test/a?b=1&c=2", "javascript:alert(1)", "data:text/html,x", " https://x", "//x.test", 7, None]
)


def _check(name: str, data: dict[str, Any]) -> None:
    rendered = render(FILES.sources(name), data)
    assert rendered.subject.isprintable() or not rendered.subject.isascii()
    seen = Seen()
    seen.feed(rendered.html or "")
    assert not {"script", "img", "iframe", "form", "object", "link", "base"} & set(seen.elements)
    assert seen.handlers == []
    assert all(link.startswith(("https://", "http://")) for link in seen.links)


@settings(max_examples=40)
@given(event=_JSON)
def test_the_event_template_takes_any_json(event: object) -> None:
    """Any event of any source becomes a mail, and nothing in it becomes markup."""
    _check("event", {"event": event, "webhook": "demo"})


@settings(max_examples=40)
@given(
    items=st.lists(_JSON, max_size=4),
    link=_LINKS,
    when=st.one_of(st.text(max_size=20), st.integers(), st.floats(allow_nan=False)),
)
def test_the_digest_template_takes_any_items(items: list[object], link: object, when: object) -> None:
    """Items of any shape, and links only to the web."""
    shown = [*items, {"title": "t", "link": link, "timestamp": when}]
    _check("digest", {"digest": "daily", "items": shown, "count": len(shown), "from": when, "until": when})


@settings(max_examples=40)
@given(title=_JSON, text=_JSON, severity=_JSON, link=_LINKS)
def test_the_alert_template_takes_any_values(title: object, text: object, severity: object, link: object) -> None:
    """Title, text and severity of any kind, and a link only to the web."""
    _check("alert", {"title": title, "text": text, "severity": severity, "link": link})


def test_the_alert_template_says_what_it_needs() -> None:
    """The link is optional; title, text and severity are not."""
    complete = {"title": "Disk full", "text": "web-3", "severity": "critical"}
    assert render(FILES.sources("alert"), complete).subject == "[CRITICAL] Disk full"
    for name in complete:
        with pytest.raises(TemplateRefused) as caught:
            render(FILES.sources("alert"), {key: value for key, value in complete.items() if key != name})
        assert caught.value.pointer == f"/data/{name}"


def test_the_event_template_shows_what_happened() -> None:
    """Type, time and every field of the data, in both parts."""
    event = {
        "type": "order.failed",
        "timestamp": "2026-11-23T07:12:44Z",
        "data": {"order": {"id": 4711, "lines": [{"sku": "A-1"}]}},
    }
    rendered = render(FILES.sources("event"), {"event": event, "webhook": "shop"})
    assert rendered.subject == "shop: order.failed"
    for part in (rendered.text, rendered.html or ""):
        assert all(
            text in part
            for text in ("order.failed", "2026-11-23 07:12 UTC", "order.id", "4711", "order.lines[0].sku", "A-1")
        )


def test_the_digest_template_counts_and_lists() -> None:
    """One item is an item, two are items, and a long list says how many it leaves out."""
    window = {"digest": "daily", "from": 1_763_800_000, "until": 1_763_886_400}

    def digest(count: int) -> Rendered:
        items = [{"title": f"Title {n}", "text": "Text"} for n in range(count)]
        return render(FILES.sources("digest"), {**window, "items": items, "count": count})

    assert digest(1).subject == "daily: 1 item"
    assert digest(2).subject == "daily: 2 items"
    assert "Title 1" in digest(2).text
    assert "2025-11-22 08:26 UTC" in digest(0).text
    assert "5 more are not shown" in digest(205).text
    assert "Title 199" in (digest(205).html or "")
    assert "Title 200" not in (digest(205).html or "")


def test_the_digest_template_does_not_need_the_window_s_start() -> None:
    """The first window of a digest has no known start."""
    data = {"digest": "daily", "items": ["x"], "count": 1, "until": "2026-11-23T07:00:00+00:00"}
    rendered = render(FILES.sources("digest"), data)
    assert "until 2026-11-23 07:00 UTC" in rendered.text
    assert "1 item, until 2026-11-23 07:00 UTC" in (rendered.html or "")


@pytest.mark.parametrize("name", FILES.names())
def test_every_layout_table_says_that_it_is_one(name: str) -> None:
    """Screen readers skip tables that only place things; tables of data have a label and row headers."""
    source = FILES.sources(name)
    for html in (source.html or "", source.layout or ""):
        tables = [tag.split(">")[0] for tag in html.split("<table")[1:]]
        assert all('role="presentation"' in tag or "aria-label=" in tag for tag in tables)
        assert html.count("<th") == html.count('<th scope="row"')
