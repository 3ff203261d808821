"""The package's version, which the ledger stores with every mail."""

VERSION = "0.1.0"
