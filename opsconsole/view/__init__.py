"""Snapshot in, rows and cells out; pure: no screen, no clock."""
