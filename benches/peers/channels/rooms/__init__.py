"""Chat rooms on Django Channels."""
