"""GitHub: OAuth 2 without OpenID Connect, hence two calls to learn who signed in."""

from typing import Any

from authlib.integrations.flask_client import OAuth

from chat_app.oauth.profile import Profile
from chat_app.oauth.provider import TIMEOUT, Provider, ProviderClient
from chat_app.settings import Settings

_HEADERS = {"Accept": "application/vnd.github+json"}


class GitHubProvider(Provider):
    """Reads the account's number, which outlives every renaming, and its primary address if it is verified."""

    def _profile(self, token: dict[str, Any], nonce: str | None) -> Profile:
        user = self._get("user", token)
        if type(user["id"]) is not int:
            raise TypeError("GitHub's ids are numbers")
        emails: list[dict[str, Any]] = self._get("user/emails?per_page=100", token)
        primary: dict[str, Any] = next((email for email in emails if email["primary"]), {})
        return Profile.of(
            self.name,
            str(user["id"]),
            primary.get("email"),
            primary.get("verified"),
            username=user.get("login"),
            name=user.get("name"),
        )

    def _get(self, path: str, token: dict[str, Any]) -> Any:
        response = self.client.get(path, token=token, headers=_HEADERS)
        response.raise_for_status()
        return response.json()


def github(oauth: OAuth, settings: Settings) -> Provider | None:
    """github.com, or the GitHub Enterprise server that GITHUB_URL and GITHUB_API_URL name."""
    if not settings.github_client_id:
        return None
    client = oauth.register(
        "github",
        client_cls=ProviderClient,
        client_id=settings.github_client_id,
        client_secret=settings.github_client_secret,
        authorize_url=f"{settings.github_url}/login/oauth/authorize",
        access_token_url=f"{settings.github_url}/login/oauth/access_token",
        api_base_url=f"{settings.github_api_url}/",
        client_kwargs={
            "scope": "read:user user:email",
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "client_secret_post",
            "default_timeout": TIMEOUT,
        },
    )
    return GitHubProvider("github", "GitHub", client)
