"""Rules over snapshots, pure: what fires, since when, what clears it."""
