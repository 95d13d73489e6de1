"""Files that are their owner's only, and the names of a run's files."""
