"""OpenID Connect providers: found by their issuer's discovery document, trusted by their signature."""

import time
from typing import Any

from authlib.integrations.flask_client import OAuth

from chat_app.oauth.profile import Profile
from chat_app.oauth.provider import TIMEOUT, Provider, ProviderClient
from chat_app.settings import Settings

GOOGLE = "https://accounts.google.com"
METADATA_LIFE = 3600.0
"""Seconds after which the discovery document and the keys are fetched anew; an unknown key id does so at once."""
SIGNATURES = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
"""Public-key ones only: neither `none`, nor our own secret as a key (RFC 8725, section 3.1)."""
LEEWAY = 60
"""Seconds that the clocks of the provider and of this server may differ."""
_USED = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "authorization_response_iss_parameter_supported",
)


class OpenIdClient(ProviderClient):
    """Authlib's client with a discovery document that is checked, reduced to what is used, and renewed."""

    server_metadata: dict[str, Any]

    def load_server_metadata(self) -> dict[str, Any]:
        loaded_at = self.server_metadata.get("_loaded_at")
        if loaded_at is None or loaded_at < time.time() - METADATA_LIFE:
            self.server_metadata = self._discover()
        return self.server_metadata

    def _discover(self) -> dict[str, Any]:
        """The discovery document (OpenID Connect Discovery 1.0, section 4); it must be of this very issuer (4.3)."""
        with self._get_session() as session:
            response = session.request("GET", self._server_metadata_url, withhold_token=True)
            response.raise_for_status()
            document = response.json()
        address = self._server_metadata_url.removesuffix("/.well-known/openid-configuration")
        if document["issuer"].rstrip("/") != address:
            raise ValueError("the discovery document is of another issuer")
        signatures = SIGNATURES.intersection(document.get("id_token_signing_alg_values_supported") or ["RS256"])
        if not signatures:
            raise ValueError("the issuer offers no signature that we accept")
        return {
            **{name: document[name] for name in _USED if name in document},
            "id_token_signing_alg_values_supported": sorted(signatures),
            "token_endpoint_auth_method": self._auth_method(document),
            "_loaded_at": time.time(),
        }

    def _auth_method(self, document: dict[str, Any]) -> str:
        if not self.client_secret:
            return "none"
        known = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        basic = "client_secret_basic" in known or "client_secret_post" not in known
        return "client_secret_basic" if basic else "client_secret_post"


class OpenIdProvider(Provider):
    def check_issuer(self, iss: str | None) -> None:
        with self.asking():
            metadata = self.client.load_server_metadata()
        promised = metadata.get("authorization_response_iss_parameter_supported") is True
        if (iss is not None or promised) and iss != metadata["issuer"]:
            raise self.failed("the answer is of another issuer, or of none")

    def _profile(self, token: dict[str, Any], nonce: str | None) -> Profile:
        metadata = self.client.load_server_metadata()
        claims = self.client.parse_id_token(
            {"id_token": token["id_token"], "access_token": token["access_token"]},
            nonce,
            claims_options={
                "iss": {"essential": True, "value": metadata["issuer"]},
                "aud": {"essential": True, "value": self.client.client_id},
            },
            leeway=LEEWAY,
        )
        if "email" not in claims and "userinfo_endpoint" in metadata:
            claims = self._userinfo(token, claims)
        return Profile.of(
            self.name,
            claims["sub"],
            claims.get("email"),
            claims.get("email_verified"),
            username=claims.get("preferred_username") or claims.get("nickname"),
            name=claims.get("name"),
        )

    def _userinfo(self, token: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
        """What the token left out. It must be about the same person (OpenID Connect Core 1.0, section 5.3.2)."""
        told: dict[str, Any] = self.client.userinfo(token=token)
        if told["sub"] != claims["sub"]:
            raise ValueError("userinfo is about somebody else")
        # Whether the address is verified must be told where the address is.
        return {**claims, "email_verified": None, **told}


def google(oauth: OAuth, settings: Settings) -> Provider | None:
    if not settings.google_client_id:
        return None
    client = _client(oauth, "google", GOOGLE, settings.google_client_id, settings.google_client_secret)
    return OpenIdProvider("google", "Google", client)


def openid(oauth: OAuth, settings: Settings) -> Provider | None:
    """The issuer of the operator's choice."""
    if not (settings.oidc_issuer and settings.oidc_client_id):
        return None
    client = _client(oauth, "oidc", settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret)
    return OpenIdProvider("oidc", settings.oidc_name, client)


def _client(oauth: OAuth, name: str, issuer: str, client_id: str, client_secret: str) -> OpenIdClient:
    client: OpenIdClient = oauth.register(
        name,
        client_cls=OpenIdClient,
        client_id=client_id,
        client_secret=client_secret or None,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256", "default_timeout": TIMEOUT},
    )
    return client
