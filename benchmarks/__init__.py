"""What the console costs, beside its peers, in one run."""
