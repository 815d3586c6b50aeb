"""The one writer: reduce, store, history."""
