"""What the engine costs from Python: see ../README.md."""
