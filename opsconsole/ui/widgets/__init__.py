"""The widgets: each is told what to show, tells what was wished for, and knows no other."""
