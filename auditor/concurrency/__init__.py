"""Tasks: so many at once, and work that is not left half done."""
