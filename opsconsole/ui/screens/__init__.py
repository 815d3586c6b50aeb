"""The views: which panes stand where, and which rows each of them shows."""
