"""The one expression language: filter line, rules, assertions, runbook matches."""
