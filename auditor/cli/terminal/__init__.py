"""What a person or a machine sees of a run on stderr and stdout, and how it is interrupted."""
