"""Exchange Online SMTP submission, simulated: raw protocol, real tokens, named misbehaviour (see SCENARIOS.md)."""

from devcloud.exchange.config import ExchangeConfig, Limits
from devcloud.exchange.handshake import other_certificates
from devcloud.exchange.server import Exchange

__all__ = ["Exchange", "ExchangeConfig", "Limits", "other_certificates"]
