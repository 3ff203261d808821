"""Pure decisions: values in, values out. No socket, file, clock, chance or environment."""
