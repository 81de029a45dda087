"""Accounts and sessions: register, log in, rotate tokens, log out, revoke."""
