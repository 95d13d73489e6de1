"""The checks of `auditor doctor`, by subject: each makes requests of an audit, and reports what it finds."""
