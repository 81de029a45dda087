"""Messages: the durable path, history, changes, and catching up."""
