"""Secrets that a webhook shares with its sender."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.config import Verification
from shared.rules.secret_forms import SHORTEST_SECRET
from shared.rules.shared_secrets import secret_bytes, trouble, trouble_with
from tests.unit.event_senders import STANDARD_SECRET, TEXT_SECRET, UNRESOLVED

BY_TEXT = (Verification.GITHUB, Verification.CLOUDEVENTS, Verification.EVENT_GRID)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" \t\n", "empty"),
        (UNRESOLVED, "Key Vault reference that was not resolved"),
        ("\n @MICROSOFT.KEYVAULT(VaultName=v;SecretName=s)", "Key Vault reference that was not resolved"),
        ("x" * 23, "shorter than 24 bytes"),
        ("ü" * 11, "shorter than 24 bytes"),
        ("\udcff" * 24, "not UTF-8"),
    ],
)
def test_a_text_that_protects_nothing_is_explained_without_it(text: str, why: str) -> None:
    """Every kind of source gets the same answer, with a cure behind the semicolon."""
    for verify in BY_TEXT:
        cause = trouble(text, verify)
        assert cause is not None
        assert why in cause.partition("; ")[0]
        assert cause.partition("; ")[2]
        assert not text.strip() or text not in cause


@pytest.mark.parametrize("verify", [*BY_TEXT, "something-else"])
def test_the_length_is_counted_in_bytes(verify: str) -> None:
    """24 bytes are enough, whether they are 24 letters or twelve umlauts."""
    assert SHORTEST_SECRET == 24
    for text in ("x" * 24, "ü" * 12):
        assert trouble(text, verify) is None
        assert len(secret_bytes(text)) == 24


@pytest.mark.parametrize("verify", [Verification.STANDARD_WEBHOOKS, "standard-webhooks"])
def test_standard_webhooks_keep_their_own_form(verify: str) -> None:
    """There the length is that of the decoded key, and a plain text is no secret."""
    assert trouble(STANDARD_SECRET, verify) is None
    assert "Base64" in str(trouble(TEXT_SECRET, verify))
    assert "shorter" in str(trouble("whsec_" + base64.b64encode(b"x" * 23).decode(), verify))
    assert "empty" in str(trouble("", verify))
    assert "not resolved" in str(trouble(UNRESOLVED, verify))


def test_a_cloudevents_secret_may_have_either_form() -> None:
    """With the prefix it is Base64, so that 24 letters behind it are not 24 bytes."""
    assert trouble(STANDARD_SECRET, Verification.CLOUDEVENTS) is None
    assert trouble(TEXT_SECRET, Verification.CLOUDEVENTS) is None
    short = "whsec_" + base64.b64encode(b"x" * 18).decode()
    assert len(short) >= SHORTEST_SECRET
    assert "shorter" in str(trouble(short, Verification.CLOUDEVENTS))
    assert "asymmetric" in str(trouble("whsk_" + base64.b64encode(b"x" * 32).decode(), Verification.CLOUDEVENTS))
    assert trouble(short, Verification.GITHUB) is None


@given(st.text(st.characters(), max_size=60), st.sampled_from(Verification))
def test_any_text_gets_an_answer(text: str, verify: Verification) -> None:
    """Nothing is raised, lone surrogates included, and a sound text can be turned into a key."""
    answer = trouble(text, verify)
    assert answer is None or "; " in answer
    if trouble_with(text) is None:
        assert len(secret_bytes(text)) >= SHORTEST_SECRET
