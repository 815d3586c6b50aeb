"""The fake fleet: what the demo, the tests and plugin authors run against."""
