"""Proof by mail: resetting a forgotten password, verifying an address."""
