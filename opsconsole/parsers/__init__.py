"""Text in, metrics out; pure; one file a source format."""
