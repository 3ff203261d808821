"""A stand-in for the Azure Functions host and its classic Python worker; see README.md beside this file."""
