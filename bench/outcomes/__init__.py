"""What callers of five libraries and of this project are told when a connection breaks or a server refuses, side by side."""
