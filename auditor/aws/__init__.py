"""The AWS side: the only folder that knows botocore."""
