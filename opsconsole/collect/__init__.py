"""Asks every host, service and alert source at its interval, and hands what came back to a sink."""
