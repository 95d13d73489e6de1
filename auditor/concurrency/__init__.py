"""Tasks: so many at once, and work that is not left half done; the event loop, and the collector, of a process."""
