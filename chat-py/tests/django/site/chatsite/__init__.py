"""A small site with a chat, as tests need one."""
