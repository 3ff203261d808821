"""The local cloud for development and tests. Never deployed, and it imports nothing of the app."""
