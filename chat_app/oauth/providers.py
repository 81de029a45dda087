"""The providers that the operator has set up: those whose client id is set."""

from typing import TYPE_CHECKING

from flask import Flask, current_app

from chat_app.errors import not_found
from chat_app.settings import Settings

if TYPE_CHECKING:
    from chat_app.oauth.provider import Provider


def init_providers(app: Flask, settings: Settings) -> None:
    app.extensions["oauth_providers"] = {}
    if not (settings.google_client_id or settings.github_client_id or settings.oidc_client_id):
        return  # nor is Authlib loaded, which takes a while
    from authlib.integrations.flask_client import OAuth

    from chat_app.oauth.github import github
    from chat_app.oauth.openid import google, openid

    oauth = OAuth(app)
    found = [provider for make in (google, github, openid) if (provider := make(oauth, settings))]
    app.extensions["oauth_providers"] = {provider.name: provider for provider in found}


def get_providers() -> "list[Provider]":
    """All that people can sign in with here, in the order of the buttons."""
    return list(current_app.extensions["oauth_providers"].values())


def get_provider(name: str) -> "Provider":
    provider: Provider | None = current_app.extensions["oauth_providers"].get(name)
    if provider is None:
        raise not_found("provider")
    return provider
