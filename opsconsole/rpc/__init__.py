"""The unix socket: hello, snapshot, delta, call; server half and client half."""
