"""Commands of the chat history."""
