"""Texts of other people in our mails: nothing hidden, and no link but to known hosts."""

from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.edges.template_files import TemplateFiles
from shared.rules.event_links import defanged
from shared.rules.event_text import tamed
from shared.rules.rendering import Rendered, render
from tests.unit.phishing import FRAGMENTS, HOSTS, LINKS, PHISHING
from tests.unit.seen_html import Seen
from tests.unit.seen_links import browser_host, reachable

FILES = TemplateFiles(Path(__file__).resolve().parents[2] / "templates")

Tame = Callable[[object, Collection[str]], object]

_TEXTS = st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)


def tame(text: str) -> str:
    """One text with the links of these tests."""
    return str(tamed(text, LINKS))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("invoice\u202efdp.exe", "invoice[U+202E]fdp.exe"),
        ("a\u200bb\u00adc\ufeffd", "a[U+200B]b[U+00AD]c[U+FEFF]d"),
        ("a\u200db, a\ufe0f", "a[U+200D]b, a[U+FE0F]"),
        ("\u2800\ufe0f\u3164", "[U+2800][U+FE0F][U+3164]"),
        ("\U000e0061", "[U+E0061]"),
        ("\x1b[31m\x07\x85\x7f\u2028", "[U+001B][31m[U+0007][U+0085][U+007F][U+2028]"),
        ("a\r\nb\rc\td", "a\nb\nc\td"),
        ("\ud800", "[U+D800]"),
    ],
)
def test_what_cannot_be_seen_is_shown(text: str, shown: str) -> None:
    """Controls, reordering and letters without a shape by their code point; line ends are newlines."""
    assert tame(text) == shown


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
        max_leaves=8,
    )
)
def test_a_value_keeps_its_form(value: object) -> None:
    """As many items, as many names, the same numbers; a second taming finds nothing to do."""
    shown = tamed(value, LINKS)
    assert _form(shown) == _form(value)
    assert tamed(shown, LINKS) == shown


def _form(value: object) -> object:
    if isinstance(value, dict):
        return [_form(item) for item in value.values()]
    if isinstance(value, list):
        return [[_form(item)] for item in value]
    return "text" if isinstance(value, str) else value


def test_names_are_tamed_and_none_is_lost() -> None:
    """Names that become the same get a number; the event itself is not changed."""
    event = {"evil.com": 1, "evil[.]com": [{"a\u202eb": "x.com"}], "n": 2}
    assert tamed(event, ()) == {"evil[.]com": 1, "evil[.]com (2)": [{"a[U+202E]b": "x[.]com"}], "n": 2}
    assert list(event) == ["evil.com", "evil[.]com", "n"]


def mail(template: str, text: str, tame_event: Tame) -> Rendered:
    """A mail about an event whose every field is this text, among names that the templates look for."""
    issue = {"title": text, "body": text, "html_url": text, "number": 1}
    event = {"type": text, "action": "opened", "issue": issue, "data": {"title": text}, "sender": {"login": text}}
    return render(FILES.sources(template), {"event": tame_event(event, LINKS), "webhook": "demo"})


def strangers(mail: Rendered) -> set[str]:
    """Hosts behind links of the HTML, and in reach from any part, that are not ours."""
    seen = Seen()
    seen.feed(mail.html or "")
    return ({str(browser_host(link)) for link in seen.links} | reachable(mail.text) | reachable(mail.subject)) - HOSTS


@pytest.mark.parametrize("template", ["event", "github-event"])
@pytest.mark.parametrize("title", [*PHISHING, "https://evil.com", "https://github.com/octo"])
def test_no_mail_leads_to_a_stranger(template: str, title: str) -> None:
    """Through the real templates, in subject, text and HTML."""
    assert strangers(mail(template, title, tamed)) == set()


def test_without_taming_the_mails_would_lead_there() -> None:
    """The defence, once without it: the event as it came makes a title, and a button, that lead to the attacker."""

    def untouched(value: object, _links: Collection[str]) -> object:
        return value

    attack = "https://evil.com/login"
    assert strangers(mail("github-event", attack, untouched)) == {"evil.com"}
    assert strangers(mail("event", attack, untouched)) == {"evil.com"}
    seen = Seen()
    seen.feed(mail("github-event", attack, untouched).html or "")
    assert seen.links == [attack]


def test_breaking_links_without_showing_what_is_hidden_would_not_be_enough() -> None:
    """The defence, once with half of it: a reversed file name reads as another one."""
    assert "\u202e" in defanged("invoice\u202efdp.exe", frozenset())
    assert "\u202e" not in tame("invoice\u202efdp.exe")
