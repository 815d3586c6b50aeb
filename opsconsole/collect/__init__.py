"""Probes and their schedule: host tiers, service checks, alert sources."""
