"""The nouns of an audit: frozen, typed, picklable; they know nothing of where they come from or go."""
