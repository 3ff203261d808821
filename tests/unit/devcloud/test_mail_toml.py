"""The `mail.toml` of a run, and what is read of a caller's."""

import tomllib
from pathlib import Path

import pytest

from devcloud.mail_toml import producer_queues, render, secret_names


def test_the_file_has_every_door_and_the_limits_of_the_run() -> None:
    """It is valid TOML with the two senders, a producer, a webhook and a digest; both limits stand in both senders."""
    document = tomllib.loads(render(messages_per_minute=7, connections=2))
    assert document["cloud"] == {"name": "custom"}
    assert document["identity"] == {"way": "managed-identity", "model": "rbac"}
    assert {name: (s["messages_per_minute"], s["connections"]) for name, s in document["senders"].items()} == {
        "alerts": (7, 2),
        "reports": (7, 2),
    }
    assert [table["on_unknown"] for table in document["senders"].values()] == ["resend", "hold"]
    assert set(document["producers"]["default"]["senders"]) == set(document["senders"])
    assert document["webhooks"]["demo"]["verify"] == "standard-webhooks"
    assert document["digests"]["daily-ops"]["time_zone"] == "Europe/London"


def test_the_secrets_of_all_webhooks_are_found(tmp_path: Path) -> None:
    """Names of every webhook's secrets are read, whatever else is wrong with them."""
    file = tmp_path / "mail.toml"
    file.write_text(
        '[webhooks.a]\nsecrets = ["ONE", "TWO", 3]\n[webhooks.b]\nsecrets = "FOUR"\n[webhooks.c]\nsecrets = ["FIVE"]\n'
    )
    assert secret_names(file) == {"ONE", "TWO", "FIVE"}


def test_the_queues_of_all_producers_are_found(tmp_path: Path) -> None:
    """Names of every producer's queue are read; a producer without one has none."""
    file = tmp_path / "mail.toml"
    file.write_text('[producers.a]\nqueue = "one"\n[producers.b]\nqueue = 2\n[producers.c]\nsenders = []\n')
    assert producer_queues(file) == {"one"}


@pytest.mark.parametrize("content", [b"", b"webhooks = 3", b"[webhooks]\nx = 1", b"[webhooks", b"\xff"])
def test_a_faulty_file_names_no_secrets(tmp_path: Path, content: bytes) -> None:
    """What cannot be read is left for the app to report."""
    file = tmp_path / "mail.toml"
    file.write_bytes(content)
    assert secret_names(file) == producer_queues(file) == frozenset()
    assert secret_names(tmp_path / "absent.toml") == frozenset()
