"""The one list that keys, palette, command line, help and CLI share."""
