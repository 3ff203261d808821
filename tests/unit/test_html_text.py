"""The text of an HTML mail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.field_rules import body_text
from shared.rules.html_text import CUT, LONGEST_HTML, text_of

LETTER = """<!doctype html>
<html><head><meta charset="utf-8"><title>Not shown</title><style>p { color: red }</style></head>
<body><!-- hidden --><h1>Order &amp; delivery</h1>
<p>Hello   Bob,<br>see <a href="https://contoso.test/o?a=1&amp;b=2">your order</a> or write to
<a href='mailto:ops@contoso.test'>ops@contoso.test</a>.</p>
<ul><li>one <b>bold</b></li><li>two</li></ul>
<table><tr><th>Item</th><th>Price</th></tr><tr><td>Pen</td><td>2&nbsp;€</td></tr></table>
<pre>if x:
    y = 1
</pre><script>if (a < b) { alert("x") }</script>
<img src="cid:logo" alt="Contoso"><p>Bye</p></body></html>"""

EXPECTED = """Order & delivery

Hello Bob,
see your order (https://contoso.test/o?a=1&b=2) or write to ops@contoso.test.

- one bold
- two

Item Price
Pen 2 €

if x:
    y = 1

Contoso

Bye"""


def test_a_letter_reads_as_its_author_meant_it() -> None:
    """Blocks are lines, lists have dashes, links keep their address, code keeps its indentation, scripts are gone."""
    assert text_of(LETTER) == EXPECTED


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("a<br>b<br/>c<BR />d", "a\nb\nc\nd"),
        ("a <!-- never closed <p>b", "a"),
        ("a<!-- x -->b", "ab"),
        ("<p title='a > b'>x</p>", "x"),
        ("<p title='it's'>x</p>", "x"),
        ("<style>a{}</style>b<script>c", "b"),
        ("&lt;b&gt; &#x41; &nope;", "<b> A &nope;"),
        ("a&#0;&#27;&#x202e;b", "a\ufffd\u202eb"),
        ("<a href=https://x.test>x</a>", "x (https://x.test)"),
        ("<a href='https://x.test'>https://x.test</a>", "https://x.test"),
        ("<a href='javascript:alert(1)'>x</a>", "x"),
        ("<a href='tel:+44 1'>call</a>", "call (+441)"),
        ("<a href='#top'>x</a><a>y</a></a>", "xy"),
        ("<ul><li><p>a</p></li><li><p>b</p></li></ul>c", "- a\n\n- b\n\nc"),
        ("<div><div>a</div></div><div>b</div>", "a\nb"),
        ("<p>a</p><div><p>b<br><br>c</p></div>", "a\n\nb\n\nc"),
        ("<svg><text>no</text></svg>yes", "yes"),
        ("<![CDATA[x]]>y<?php z ?>w", "yw"),
    ],
)
def test_odd_html_gives_sensible_text(markup: str, text: str) -> None:
    """Broken, hostile and unusual markup is read like a browser would show it, or left out."""
    assert text_of(markup) == text


@given(
    st.text()
    | st.text("<>/!-\"'= abp&#;\n\t")
    | st.lists(
        st.sampled_from(
            [
                "<p>",
                "<pre>",
                "</pre>",
                "<a href=",
                "'",
                '"',
                ">",
                "<!--",
                "-->",
                "<script>",
                "</script>",
                "x",
                "&nbsp;",
                "\n",
                "&#10;",
                "&#13;",
                "<li>",
            ]
        )
    ).map("".join)
)
def test_any_html_gives_text_that_a_mail_may_hold(markup: str) -> None:
    """Nothing raises, no control character comes in by a reference, no three line ends stand together."""
    text = text_of(markup)
    assert body_text(text) == text
    assert "\r" not in text
    assert text == text.strip("\n")


@given(st.text(st.characters(categories=["L", "N"]), min_size=1))
def test_text_without_markup_is_kept(words: str) -> None:
    """Letters and digits come through unchanged."""
    assert text_of(f"<div>{words}</div>") == words


def test_a_huge_document_is_cut() -> None:
    """What is beyond the limit is left out, and the text says so."""
    text = text_of("x" * (LONGEST_HTML + 1))
    assert text == "x" * LONGEST_HTML + CUT


@pytest.mark.parametrize(
    "piece", ["<!--", "<a ", "</", "<", "<![CDATA[", "<a href='", '<b x="', "<script>", "<td>", "<a href = ", "&", "<p><a>"]
)
def test_hostile_html_is_read_to_its_end(piece: str) -> None:
    """Repeated openings, on which a backtracking parser spends minutes, are read in one pass."""
    assert isinstance(text_of(piece * (LONGEST_HTML // len(piece))), str)
