"""Links in texts of other people: none leads to a stranger, and the text can still be read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules.event_text import MOST_GROWTH, tamed
from tests.unit.phishing import FRAGMENTS, HOSTS, LINKS, PHISHING
from tests.unit.seen_links import browser_host, reachable

_TEXTS = st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)


def tame(text: str) -> str:
    """One text with the links of these tests."""
    return str(tamed(text, LINKS))


@pytest.mark.parametrize("title", PHISHING)
def test_a_phishing_title_leads_nowhere(title: str) -> None:
    """Shown as it is the title leads to a stranger; tamed it leads nowhere but home."""
    assert reachable(title) - HOSTS
    assert reachable(tame(title)) <= HOSTS


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://evil.test/x", "hxxps://evil[.]test/x"),
        ("HTTP://Evil.Test", "HxxP://Evil[.]Test"),
        ("https://evil.test/?u=https://github.com/x", "hxxps://evil[.]test/?u=hxxps://github[.]com/x"),
        ("https://github.com/?u=https://evil.test", "hxxps://github[.]com/?u=hxxps://evil[.]test"),
        ("https://github.com\\@evil.test", "hxxps://github[.]com\\@evil[.]test"),
        ("https://me:secret@github.com/", "hxxps://me:secret@github[.]com/"),
        ("evil.com/x.io", "evil[.]com/x[.]io"),
        ("bob@evil.test", "bob@evil[.]test"),
        ("john.me@contoso.test", "john[.]me@contoso.test"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("ssh://evil", "ssh[:]//evil"),
        ("http://[::1]/", "hxxp://[::1]/"),
        ("//evil/x", "[//]evil/x"),
        ("see \\\\evil\\share", "see [\\\\]evil\\share"),
        ("java\nscript:x", "java\nscript[:]x"),
        ("https:\n//10.0.0.1", "https[:]\n//10[.]0[.]0[.]1"),
        ("10.0.0.1:8080/login", "10[.]0[.]0[.]1:8080/login"),
    ],
)
def test_links_are_shown_defanged(text: str, shown: str) -> None:
    """Readable, complete, and nothing that can be opened."""
    assert tame(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("https://github.com/octo/site/pull/1#issuecomment-2", "HTTPS://GitHub.com", "http://contoso.test:8080/a?b=c%20d"),
        *("see https://github.com.", "(https://github.com/a_(b)), [x](https://github.com)", "<https://contoso.test>"),
        *("https://github.com/octo/octo.github.io/blob/README.md", "https://github.com/a/compare/main...fork:fix"),
        *("https://github.com/login?to=https://contoso.test/x", "\u770bhttps://github.com/a\uff0c\u7136\u540e"),
        *("github.com/octo/octo.github.io", "ops@contoso.test, git@github.com:octo/site.git"),
    ],
)
def test_links_to_known_hosts_stay(text: str) -> None:
    """Whole, with whatever stands in their path."""
    assert tame(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("Release 4.2.1 of report.pdf, e.g. at 3 p.m.", "v1.2.3-rc.1", "index.html, node.js and System.Net.Http", "3.14"),
        *(
            "Microsoft.Storage.BlobCreated",
            "com.contoso.order.failed",
            "Note: see C:\\Users\\me, data: none",
            "and/or",
            "10.0.0.0/8",
        ),
        *("actions/checkout@v4.1.1", "@alice #12 refs/heads/main", "a < b && c > d", "{{ 7 * 7 }}", "", "a\tb\nc"),
        *(
            "\u4eca\u5929\u4e0b\u96e8\u3002\u660e\u5929\u4e0d\u3002",
            "\u26a0\ufe0f \U0001f468\u200d\U0001f469\u200d\U0001f467 1\ufe0f\u20e3",
        ),
        *("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "caf\u00e9 \u20ac 10", "hxxps://evil[.]test"),
    ],
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    """Versions, file names, abbreviations, other scripts, pictures: taming is not noticed."""
    assert tame(text) == text


@given(_TEXTS)
@settings(max_examples=400)
def test_no_text_leads_to_a_stranger(text: str) -> None:
    """Whatever it is made of; taming it again changes nothing; and its growth has a bound."""
    shown = tame(text)
    assert reachable(shown) <= HOSTS
    assert tame(shown) == shown
    assert len(shown) <= MOST_GROWTH * len(text)


def test_an_entry_of_links_stands_for_itself_only() -> None:
    """Nothing below it, nothing above it, no pattern."""
    for links in (["contoso.test"], ["*.contoso.test"], [".contoso.test"], ["*"], [""], []):
        assert tamed("https://www.contoso.test/x", links) == "hxxps://www[.]contoso[.]test/x"


@pytest.mark.parametrize(
    "piece", ["https:", "https://github.com)", "github.com:", "a@b.c@", "a.", "://", "\\\\a ", "j\n", "\u200b", "ms-"]
)
def test_a_hostile_text_is_read_to_its_end(piece: str) -> None:
    """Repeated beginnings, on which a scanner that looks ahead again and again spends hours, are read in one pass."""
    text = piece * (200_000 // len(piece))
    assert len(tame(text)) <= MOST_GROWTH * len(text)


def test_a_known_host_at_the_end_would_not_be_enough() -> None:
    """The defence, once with a weaker one: whoever compares ends of hosts lets `evilgithub.com` in."""

    def by_end(text: str) -> str:
        return text if str(browser_host(text)).endswith("github.com") else "-"

    assert reachable(by_end("https://evilgithub.com/")) == {"evilgithub.com"}
    assert reachable(tame("https://evilgithub.com/")) == set()
