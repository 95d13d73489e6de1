"""IAM's credential report: asked for, read, and used where it is sure."""
