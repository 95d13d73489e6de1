"""The checks of an examination, in groups: each tries one thing as an audit would, and says what it has found."""
