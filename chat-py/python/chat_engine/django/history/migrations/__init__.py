"""Migrations of the chat history."""
