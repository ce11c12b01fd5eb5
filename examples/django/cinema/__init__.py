"""The site: its settings, addresses and policy."""
