"""Addresses, recipients' domains and durations of mail.toml."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.addresses import check_address
from shared.rules.setting_values import address, content_rest, from_field, life, recipient_rule, row_rest

_ODD = st.text(alphabet="aZ9.-_+'!@ <>\"\\(),:;[]é\x00\r\n%", max_size=30)
_ADDRESSLIKE = st.builds(lambda local, domain: f"{local}@{domain}", _ODD, st.text(alphabet="aZ9.-é_ ", max_size=20))
_TOPS = st.sampled_from(["test", "com", "local", "localhost", "invalid", "arpa", "onion", "xn--p1ai", "c1", "a", "example"])


@given(st.one_of(_ODD, _ADDRESSLIKE, st.emails(), st.builds(lambda top: f"ops@contoso.{top}", _TOPS)))
def test_the_short_way_gives_what_the_library_gives(text: str) -> None:
    """Plain addresses are judged without the library that a cold start would pay for, with the same result."""
    try:
        expected = check_address(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"address|domain|characters"):
            address(text)
    else:
        assert address(text) == expected


def test_an_address_keeps_its_local_part_and_folds_its_domain() -> None:
    """Local parts may be case-sensitive (RFC 5321 2.4), domains are not."""
    assert address("Ops.Team+x@Contoso.TEST") == "Ops.Team+x@contoso.test"
    assert address("ops@müller.test") == "ops@xn--mller-kva.test"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Contoso Alerts <alerts@contoso.test>", ("Contoso Alerts", "alerts@contoso.test")),
        ('"Alerts, Contoso" <alerts@Contoso.test>', ("Alerts, Contoso", "alerts@contoso.test")),
        ("Müller & Söhne <alerts@contoso.test>", ("Müller & Söhne", "alerts@contoso.test")),
        ("<alerts@contoso.test>", ("", "alerts@contoso.test")),
        (" alerts@contoso.test ", ("", "alerts@contoso.test")),
    ],
)
def test_from_is_a_name_and_an_address(text: str, expected: tuple[str, str]) -> None:
    """The forms that people write."""
    assert from_field(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alerts",
        "Alerts, Contoso <alerts@contoso.test>",
        "Alerts <alerts@contoso.test> x",
        "a@contoso.test, b@contoso.test",
        "Alerts <alerts@contoso.test",
        "A\r\nBcc: <alerts@contoso.test>",
        "A\x00 <alerts@contoso.test>",
        '"A\\" <alerts@contoso.test>',
        f"{'x' * 129} <alerts@contoso.test>",
    ],
)
def test_anything_else_is_no_from(text: str) -> None:
    """A list, an open bracket, a control character: refused, not repaired."""
    with pytest.raises(ValueError, match=r"address|name|characters"):
        from_field(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", "*"),
        ("Contoso.test", "contoso.test"),
        ("Bob@Example.com", "Bob@example.com"),
        ("müller.test", "xn--mller-kva.test"),
    ],
)
def test_a_rule_is_anybody_a_domain_or_an_address(text: str, expected: str) -> None:
    """In the form in which recipients are compared."""
    assert recipient_rule(text) == expected


@pytest.mark.parametrize("text", ["", "contoso", "*.contoso.test", ".contoso.test", "@contoso.test", "contoso.test ", "a b"])
def test_anything_else_is_no_rule(text: str) -> None:
    """A pattern that nothing reads must not look like one that works."""
    with pytest.raises(ValueError, match=r"domain|address"):
        recipient_rule(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("45s", 45), ("90m", 5400), ("24h", 86_400), ("7d", 604_800), ("30d", 2_592_000)]
)
def test_a_duration_has_a_unit(text: str, seconds: float) -> None:
    """Seconds, minutes, hours, days."""
    assert life(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "24", "0h", "-1h", "1.5h", "24 h", "1h30m", "24H", "31d", "999999999d", "٢h", 24, None, True]
)
def test_anything_else_is_no_duration(text: object) -> None:
    """Without a unit, without a length, or longer than a month."""
    with pytest.raises(ValueError, match=r"duration|longer"):
        life(text)


@pytest.mark.parametrize(("text", "seconds"), [("1h", 3600), ("1d", 86_400), ("90d", 7_776_000)])
def test_content_rests_an_hour_to_ninety_days(text: str, seconds: float) -> None:
    """Both bounds are fine."""
    assert content_rest(text) == seconds


@pytest.mark.parametrize(("text", "seconds"), [("7d", 604_800), ("90d", 7_776_000), ("3650d", 315_360_000)])
def test_rows_rest_a_week_to_ten_years(text: str, seconds: float) -> None:
    """Both bounds are fine."""
    assert row_rest(text) == seconds


@pytest.mark.parametrize("text", ["3599s", "0d", "7776001s", "91d", "forever", 86_400, None])
def test_any_other_rest_of_content_is_refused(text: object) -> None:
    """With the reason and what to write."""
    with pytest.raises(ValueError, match=r"; write"):
        content_rest(text)


@pytest.mark.parametrize("text", ["604799s", "3651d", "9999999d", "", True])
def test_any_other_rest_of_rows_is_refused(text: object) -> None:
    """With the reason and what to write."""
    with pytest.raises(ValueError, match=r"; write"):
        row_rest(text)
