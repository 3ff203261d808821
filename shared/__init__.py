"""The application: stories at the top, pure rules in rules/, outside systems in edges/."""
