"""Fixtures of this folder: a real Azurite and queues in it."""

from tests.unit.devcloud.host_azurite import host_azurite
from tests.unit.devcloud.host_fixtures import queues

__all__ = ["host_azurite", "queues"]
