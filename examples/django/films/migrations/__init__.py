"""Migrations of films."""
