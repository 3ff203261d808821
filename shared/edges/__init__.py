"""Adapters: one outside system each. They never import each other."""
