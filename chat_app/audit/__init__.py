"""The audit log: who did what to whom, for whoever has to find out later."""
