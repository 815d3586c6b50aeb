"""Text in, metrics out: pure, one file a source format, and one way to fail (ParseError)."""
