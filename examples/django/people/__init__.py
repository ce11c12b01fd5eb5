"""People, known by their e-mail address, shown by their name."""
