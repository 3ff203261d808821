"""Rendering: data to subject, text and HTML, without trusting the data and without repeating it in an error."""

from typing import Any

import pytest

from shared.rules.rendering import MAX_SUBJECT, MAX_TEXT, Rendered, TemplateRefused, TemplateSources, render
from tests.unit.seen_html import Seen


def text_of(source: str, data: dict[str, Any]) -> str:
    """The text part of a template that is nothing but this source."""
    return render(TemplateSources("s", source), data).text


def html_of(source: str, data: dict[str, Any], layout: str | None = None) -> str:
    """The HTML part of a template that is nothing but this source."""
    html = render(TemplateSources("s", "t", source, layout), data).html
    assert html is not None
    return html


def refused(source: str, data: dict[str, Any]) -> TemplateRefused:
    """The refusal of a text template."""
    with pytest.raises(TemplateRefused) as caught:
        text_of(source, data)
    return caught.value


def test_three_parts_are_filled() -> None:
    """Subject, text and HTML from the same data; the HTML becomes a document."""
    sources = TemplateSources("Hello {{ name }}", "Dear {{ name }}", "<p>Dear {{ name }}</p>")
    rendered = render(sources, {"name": "Ann"})
    assert (rendered.subject, rendered.text) == ("Hello Ann", "Dear Ann\n")
    assert rendered.html == "<html><head></head><body><p>Dear Ann</p></body></html>"


def test_html_is_optional() -> None:
    """A template of text alone makes a mail of text alone."""
    assert render(TemplateSources("s", "t"), {}) == Rendered("s", "t\n", None)


def test_values_are_escaped_in_html_and_only_there() -> None:
    """Markup in data is text in the mail."""
    data = {"name": "<script>alert('x')</script> & \"co\""}
    seen = Seen()
    seen.feed(html_of('<p title="{{ name }}">{{ name }}</p>', data))
    assert seen.elements == ["html", "head", "body", "p"]
    assert text_of("{{ name }}", data) == data["name"] + "\n"


def test_styles_move_into_the_elements_and_nothing_is_loaded() -> None:
    """Style sheets become attributes, media queries stay, links to files or hosts are ignored."""
    source = (
        "<head><link rel='stylesheet' href='file:///etc/hostname'><link rel='stylesheet' href='http://127.0.0.1:9/x.css'>"
        "<style>p { color: #123456 } @media (max-width: 480px) { p { color: red } }</style></head><p>x</p>"
    )
    html = html_of(source, {})
    assert '<p style="color: #123456;">' in html
    assert "@media" in html


def test_a_template_may_extend_the_layout_and_nothing_else() -> None:
    """The layout is the only file that can be loaded, and only by HTML."""
    layout = "<b>{% block body %}{% endblock %}</b>{{ tone|default('blue') }}"
    child = "{% extends 'layout.html' %}{% set tone = 'red' %}{% block body %}{{ x }}{% endblock %}"
    assert "<b>&lt;</b>red" in html_of(child, {"x": "<"}, layout)
    with pytest.raises(TemplateRefused):
        html_of("{% include '/etc/hostname' %}", {}, layout)
    assert refused("{% include 'layout.html' %}", {}).part == "text"


@pytest.mark.parametrize("subject", ["a\r\nBcc: x@y.z", "a\n b", "a\u2028b", "a\x0bb", "a\x00b", "a\x85b"])
def test_a_subject_is_one_line(subject: str) -> None:
    """Whatever the data holds, there is no second line and no control character."""
    rendered = render(TemplateSources("{{ s }}", "t"), {"s": subject}).subject
    assert rendered.isprintable()
    assert len(rendered.splitlines()) == 1


def test_a_long_subject_is_shortened() -> None:
    """An alert does not fail over its title; Exchange takes 255 characters."""
    rendered = render(TemplateSources("{{ s }}", "t"), {"s": "x" * 1000}).subject
    assert len(rendered) == MAX_SUBJECT
    assert rendered.endswith("…")


def test_an_empty_subject_is_refused() -> None:
    """A mail without a subject is nobody's wish."""
    with pytest.raises(TemplateRefused) as caught:
        render(TemplateSources("{{ s }}", "t"), {"s": " \n "})
    assert caught.value.part == "subject"


def test_control_characters_and_lone_surrogates_do_not_reach_the_mail() -> None:
    """What no encoding can carry is replaced; tabs and lines stay."""
    assert text_of("{{ x }}", {"x": "a\x00b\ud800c\td\r\ne\rf\x1bg"}) == "a\ufffdb\ufffdc\td\ne\nf\ufffdg\n"


@pytest.mark.parametrize(
    ("source", "pointer", "name"),
    [
        ("{{ severity }}", "/data/severity", "severity"),
        ("{{ order.lines[1].sku }}", "/data/order/lines/1/sku", "order.lines.1.sku"),
        ("{{ order.total.net }}", "/data/order/total", "order.total"),
        ("{% for line in order.lines %}{{ line.qty }}{% endfor %}", "/data/order/lines/0/qty", "order.lines.0.qty"),
        ("{% if severity == 'x' %}{% endif %}", "/data/severity", "severity"),
        ("{{ severity|upper }}", "/data/severity", "severity"),
        ("{% for x in missing %}{% endfor %}", "/data/missing", "missing"),
    ],
)
def test_a_missing_value_is_named(source: str, pointer: str, name: str) -> None:
    """The refusal says where the data lacks what, as a pointer and in words."""
    refusal = refused(source, {"order": {"lines": [{"sku": "A"}, {}]}})
    assert (refusal.part, refusal.pointer) == ("text", pointer)
    assert repr(name) in refusal.message


@pytest.mark.parametrize(
    "source",
    [
        "{{ people[who] }}",
        "{{ people['x'][who] }}",
        "{% for p in people.values %}{% endfor %}",
        "{{ who + 1 }}",
        "{{ [who] + who }}",
        "{{ who.x.y }}",
    ],
)
def test_no_error_repeats_the_data(source: str) -> None:
    """Keys and values may be addresses; they stay out of errors, texts and causes."""
    secret = "bob@contoso.test"
    refusal = refused(source, {"who": secret, "people": {"x": {}, secret + "2": 1}})
    assert secret not in f"{refusal!r}{refusal}{refusal.pointer}"
    assert refusal.__cause__ is None
    assert refusal.__suppress_context__


def test_a_broken_template_says_where() -> None:
    """The author gets part and line, not a stack trace."""
    refusal = refused("line one\n{{ x", {})
    assert "line 2" in refusal.message


def test_members_are_the_data_s_own() -> None:
    """`event.items` is a member, never a method of a Python dictionary; texts have no methods either."""
    assert text_of("{{ e.items }} {{ e.get }} {{ e['keys'] }}", {"e": {"items": 1, "get": "g", "keys": "k"}}) == "1 g k\n"
    for source in (
        "{{ e.values }}",
        "{{ e.copy() }}",
        "{{ t.format(1) }}",
        "{{ t.__class__ }}",
        "{{ e['__class__'] }}",
        "{{ l.append(1) }}",
    ):
        refused(source, {"e": {}, "t": "x", "l": []})


@pytest.mark.parametrize("name", ["range", "dict", "lipsum", "cycler", "joiner", "namespace"])
def test_the_engine_s_own_names_are_not_there(name: str) -> None:
    """Nothing but the data has a name in a template."""
    assert refused("{{ " + name + " }}", {}).pointer == f"/data/{name}"
    assert text_of("{{ " + name + " }}", {name: "mine"}) == "mine\n"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ x|attr('__class__') }}",
        "{{ (x|attr('format'))('{0.__class__}') }}",
        "{% set y = x.__class__ %}{{ y.__base__ }}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(source: str) -> None:
    """Known ways to Python's insides are refused."""
    assert "class" not in refused(source, {"x": "x"}).message.replace("__class__", "")


def test_json_prints_as_json() -> None:
    """null is nothing, true is true, objects and arrays are JSON."""
    data = {"n": None, "t": True, "f": 1.5, "o": {"a": [1, "é"]}}
    assert text_of("{{ n }}|{{ t }}|{{ f }}|{{ o }}", data) == '|true|1.5|{"a": [1, "é"]}\n'


def test_output_that_is_too_large_is_refused() -> None:
    """Small data can make large output; the mail stays of a size that a mailbox takes."""
    refusal = refused("{% for a in x %}{% for b in x %}{{ b }}{% endfor %}{% endfor %}", {"x": ["y" * 10] * 1000})
    assert str(MAX_TEXT) in refusal.message


def test_text_is_tidy() -> None:
    """Blank lines that tags leave behind do not pile up."""
    assert text_of("a  \n\n\n\nb\n\n", {}) == "a\n\nb\n"
