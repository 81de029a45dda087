"""Signing in with a provider: Google, GitHub, or any OpenID Connect issuer."""
