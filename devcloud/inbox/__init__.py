"""The inbox: what the simulator accepted, what the host traced, and the page on which a person sees both."""

from devcloud.inbox.app import build_app

__all__ = ["build_app"]
