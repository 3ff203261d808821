"""Commands that carry one command, and content that carries one mail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.smtp_text import END_OF_DATA, UnsendableAddress, dot_stuffed, is_canonical, mail_from, pieces, rcpt_to

LINES = st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"")) | st.just(b"."), max_size=8)


def test_mail_declares_the_size_only_where_it_is_asked_for() -> None:
    """RFC 1870: SIZE= belongs only to a server that offers it."""
    assert mail_from("alerts@contoso.test", 1234) == b"MAIL FROM:<alerts@contoso.test> SIZE=1234"
    assert mail_from("alerts@contoso.test", None) == b"MAIL FROM:<alerts@contoso.test>"


def test_rcpt_names_the_address_as_it_is() -> None:
    """No parsing, no repair: what was allowed is what is mailed."""
    assert rcpt_to("o'hara+tag@sub.contoso.test") == b"RCPT TO:<o'hara+tag@sub.contoso.test>"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@contoso.test",
        "a@",
        "a@b.c> NOTIFY=NEVER",
        "x<y@z",
        "a@b.c, d@e.f",
        "a b@contoso.test",
        '"a b"@contoso.test',
        "a@contoso.test\r\nDATA",
        "a@contoso.test\n",
        "a\x00@contoso.test",
        "jörg@contoso.test",
        "a@münchen.test",
        "a..b@contoso.test",
        "x" * 65 + "@contoso.test",
        "a@" + "x" * 253,
    ],
)
def test_an_address_that_is_more_than_an_address_is_refused(address: str) -> None:
    """No recipient can smuggle a parameter, a command or a second recipient; the error does not repeat it."""
    with pytest.raises(UnsendableAddress) as refused:
        rcpt_to(address)
    assert len(address) < 2 or address not in str(refused.value)


@given(st.text(max_size=40))
def test_a_command_is_always_one_line_of_visible_ascii(address: str) -> None:
    """Whatever stands in the address field, the line has one pair of brackets and no control character."""
    try:
        command = rcpt_to(address)
    except UnsendableAddress:
        return
    assert command.isascii()
    assert command.decode().isprintable()
    assert (command.count(b"<"), command.count(b">")) == (1, 1)


@pytest.mark.parametrize("content", [b"a\nb\r\n", b"a\rb\r\n", b"\r\n.\r", b"a\n", b"a\r", b"a\r\r\n", b"\n\r\n"])
def test_bare_line_ends_are_found(content: bytes) -> None:
    """SMTP smuggling begins with a line end that only one of two servers counts as one."""
    assert not is_canonical(content)


@given(LINES)
def test_content_comes_back_from_the_other_side(lines: list[bytes]) -> None:
    """A server that ends at CRLF.CRLF and removes one leading dot has exactly the content (RFC 5321 4.5.2)."""
    content = b"\r\n".join(lines)
    assert is_canonical(content)
    wire = dot_stuffed(content) + END_OF_DATA
    received: list[bytes] = []
    for line in wire.split(b"\r\n"):
        if line == b".":
            break
        received.append(line[1:] if line.startswith(b".") else line)
    assert b"".join(line + b"\r\n" for line in received) == (content if content.endswith(b"\r\n") else content + b"\r\n")
    assert wire.index(b"\r\n.\r\n") == len(wire) - 5


def test_a_known_mail_on_the_wire() -> None:
    """The literal bytes, dots doubled at line starts only."""
    assert dot_stuffed(b".a\r\n..b\r\nc.d\r\n.") == b"..a\r\n...b\r\nc.d\r\n..\r\n"


@given(st.binary(max_size=50), st.integers(1, 9))
def test_pieces_are_the_whole(content: bytes, size: int) -> None:
    """Cutting loses and adds nothing."""
    cut = list(pieces(content, size))
    assert b"".join(cut) == content
    assert all(0 < len(piece) <= size for piece in cut)
