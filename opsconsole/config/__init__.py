"""YAML in, records out: every mistake at once, with file, line and the nearest known word."""
