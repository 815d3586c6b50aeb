"""The composition root: builds every part, owns every task."""
