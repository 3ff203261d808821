"""The XOAUTH2 answer."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.xoauth2 import initial_response

visible = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


def test_microsofts_own_example_comes_out() -> None:
    """Microsoft Learn, "Authenticate an IMAP, POP or SMTP connection using OAuth", gives this user, token and result."""
    assert initial_response("test@contoso.onmicrosoft.com", "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA") == (
        b"dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVy"
        b"IEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ=="
    )


@given(visible, visible)
def test_the_answer_is_one_line_that_a_server_can_take_apart(user: str, text: str) -> None:
    """Two fields, each ended by 0x01, and one more at the end."""
    line = initial_response(user, text)
    assert b"\n" not in line
    assert base64.b64decode(line, validate=True).split(b"\x01") == [
        b"user=" + user.encode(),
        b"auth=Bearer " + text.encode(),
        b"",
        b"",
    ]


@pytest.mark.parametrize("bad", ["", "a b", "a\x01auth=Bearer x", "a\r\n", "a\0", "ü", "\x7f", "\ud800"])
def test_what_could_begin_another_field_is_refused_without_being_repeated(bad: str) -> None:
    """Controls, spaces and non-ASCII are refused in both fields, and the error holds neither of them."""
    for user, text in ((bad, "sekret"), ("bob@contoso.test", bad)):
        with pytest.raises(ValueError, match="XOAUTH2") as caught:
            initial_response(user, text)
        assert "sekret" not in str(caught.value)
        assert "bob" not in str(caught.value)
