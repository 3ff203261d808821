"""The template for GitHub's events: told by their signed bodies alone, and never at a loss."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.edges.template_files import TemplateFiles
from shared.rules.event_text import tamed
from shared.rules.rendering import MAX_TEXT, Rendered, render
from shared.rules.template_filters import shorten
from tests.unit.github_bodies import BODIES, NAMES, REPOSITORY, SENDER
from tests.unit.seen_html import Seen
from tests.unit.seen_links import browser_host, reachable

SOURCES = TemplateFiles(Path(__file__).resolve().parents[2] / "templates").sources("github-event")

_PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
_JSON = st.recursive(
    _PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=10,
)


def mail(event: object) -> Rendered:
    """The mail about an event as a webhook makes it, with links to GitHub left alive."""
    return render(SOURCES, {"event": tamed(event, ["github.com"]), "webhook": "github"})


def links(rendered: Rendered) -> list[str]:
    """What stands behind links of the HTML."""
    seen = Seen()
    seen.feed(rendered.html or "")
    assert not {"script", "img", "iframe", "form", "object", "link", "base"} & set(seen.elements)
    return seen.links


@pytest.mark.parametrize(("subject", "words", "link", "body"), BODIES, ids=[row[0] for row in BODIES])
def test_an_event_is_told_by_its_body(subject: str, words: list[str], link: str, body: dict[str, Any]) -> None:
    """What happened, where, by whom, and the way there: in the subject, the text and the HTML."""
    rendered = mail(body)
    assert rendered.subject == subject
    for part in (rendered.text, rendered.html or ""):
        assert [word for word in words if word not in part] == []
    assert links(rendered) == ([link] if link else [])
    assert not link or link in rendered.text.splitlines()


@pytest.mark.parametrize("value", [None, {}, [], "", "text", 7, True, ["x"], {"user": None}], ids=repr)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_has_to_be_there(name: str, value: object) -> None:
    """A body that holds only one name, and behind it anything or nothing, is a mail; with its neighbours too."""
    assert mail({name: value}).subject.startswith("[github] ")
    assert mail({name: value, "action": "opened", "repository": REPOSITORY, "sender": SENDER}).text


@settings(max_examples=60)
@given(_JSON)
def test_any_json_becomes_a_mail(event: object) -> None:
    """Whatever stands behind the names that the template knows, it neither fails nor leads anywhere but to GitHub."""
    rendered = mail(event)
    assert rendered.subject
    assert {browser_host(link) for link in links(rendered)} <= {"github.com"}


def test_an_unknown_event_is_shown_as_a_table() -> None:
    """What the template does not know is told in full, without the envelope that every event has."""
    rendered = mail({"action": "done", "novelty": {"level": 3}, "repository": REPOSITORY, "sender": SENDER})
    assert rendered.subject == "[octo/site] Event done"
    assert "novelty.level: 3" in rendered.text
    assert "html_url" not in rendered.text
    assert "novelty.level" in (rendered.html or "")


def test_markup_stays_text() -> None:
    """A title is never markup, nor is anything else."""
    event = {"action": "opened", "issue": {"title": "<b>x</b>", "body": "<img src=x>"}, "sender": {"login": "<i>"}}
    html = mail(event).html or ""
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "&lt;img src=x&gt;" in html
    assert "&amp;lt;" not in html


def test_a_link_elsewhere_is_only_shown() -> None:
    """A status leads to whatever its maker wrote; without an entry in `links` it is no link."""
    event = {"context": "ci", "state": "success", "target_url": "https://ci.evil.test/1", "repository": REPOSITORY}
    rendered = mail(event)
    assert links(rendered) == []
    assert "hxxps://ci[.]evil[.]test/1" in rendered.text
    assert "hxxps://ci[.]evil[.]test/1" in (rendered.html or "")


def test_long_texts_have_an_end() -> None:
    """A body of a megabyte, or a thousand commits, make a mail that can be read."""
    event = {"action": "opened", "issue": {"title": "t " * 9000, "body": "word " * 100_000 + "\nx" * 100_000, "number": 1}}
    rendered = mail(event)
    assert len(rendered.subject) <= 255
    assert len(rendered.text) < MAX_TEXT // 50
    assert "The rest is not shown." in rendered.text
    push = mail({"ref": "refs/heads/main", "commits": [{"message": f"c{n}", "id": "ab"} for n in range(1000)]})
    assert "980 more commits are not shown." in push.text
    assert "c20" not in push.text


@pytest.mark.parametrize("before", range(960, 1001, 3))
@pytest.mark.parametrize("mark", ["(", "( ", "\u3000"])
def test_a_link_is_never_cut(before: int, mark: str) -> None:
    """`https://github.com` cut by two letters leads to `github.co`, which belongs to somebody else."""
    body = (mark * 1000)[:before] + " https://github.com/x" + "(" * 4000
    rendered = mail({"action": "opened", "issue": {"title": body[660:], "body": body}})
    for part in (rendered.text, rendered.html or ""):
        assert "https://github.c" not in part.replace("https://github.com/x", "")


def test_cutting_by_length_would_make_another_link() -> None:
    """The defence, once with plain shortening in its place."""
    body = str(tamed("(" * 983 + "https://github.com/x", ["github.com"]))
    assert reachable(body[:1000]) == {"github.co"}
    assert reachable(shorten(body, 1001)) == set()
    assert reachable(mail({"action": "opened", "issue": {"body": body}}).text) == set()


def test_all_parts_read_the_event_alike() -> None:
    """Templates cannot share code, so each part begins with the same lines; they must not drift apart."""
    html = (SOURCES.html or "").removeprefix('{% extends "layout.html" %}\n')
    end = "{% set headline = "
    beginnings = {part.partition(end)[0] for part in (SOURCES.subject, SOURCES.text, html)}
    assert len(beginnings) == 1
    details = {part.partition("{% set link =")[2].partition("if body is string")[0] for part in (SOURCES.text, html)}
    assert len(details) == 1
