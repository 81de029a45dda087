"""A real OpenID Connect provider, made with Authlib, and what it may do wrong. It runs in a thread of the test.

It signs in whoever `person` says, without asking, and does what `fault` says.
"""

import base64
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, abort, redirect, request
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from werkzeug.serving import make_server

from tests.services.mail import Certificate

CLIENT_ID = "chatsphere"
CLIENT_SECRET = "the-secret-of-the-client/with+signs="
Fault = Literal[
    "nonce",  # of another sign-in
    "no_nonce",
    "issuer",  # of the token
    "audience",
    "more_audiences",  # ours, and another client, to whom the token was given
    "expired",
    "signature",
    "unsigned",
    "our_secret",  # HS256 with the client's secret as key
    "no_id_token",
    "no_subject",
    "userinfo",  # is about somebody else
    "discovery",  # the document is of another issuer
    "response_issuer",  # RFC 9207: another one
    "no_response_issuer",
    "denied",  # the person says no
    "broken",  # 500 from the token endpoint
    "nonsense",  # text from the token endpoint
    "elsewhere",  # the token endpoint sends the code on to another server
]


def somebody(**claims: Any) -> dict[str, Any]:
    """The claims of a person who was never here; `None` leaves one out."""
    name = f"p{uuid.uuid4().hex[:10]}"
    made = {"sub": uuid.uuid4().hex, "email": f"{name}@example.org", "email_verified": True, "name": "Ada Lovelace"}
    made |= {"preferred_username": name, **claims}
    return {claim: value for claim, value in made.items() if value is not None}


class Client(ClientMixin):
    """The only client. Redirect addresses are compared exactly."""

    def __init__(self, redirect_uris: set[str], auth_method: str) -> None:
        self.redirect_uris = redirect_uris
        self.auth_method = auth_method

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    person: dict[str, Any]
    auth_time: int = field(default_factory=lambda: int(time.time()))

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time


class OpenId:
    """`issuer` is its address. `seen` holds what it was asked at the authorization endpoint, `secrets` all that is
    secret: codes, verifiers, tokens."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        self.person = somebody()
        self.fault: Fault | None = None
        self.thin: dict[str, Any] | None = None
        """Instead of the person, their subject and these claims stand in the id token; userinfo tells the rest."""
        self.says: dict[str, Any] = {}
        """What its discovery document says besides, or instead."""
        self.client = Client(set(), "client_secret_basic")
        self.seen: list[dict[str, str]] = []
        self.secrets: set[str] = {CLIENT_SECRET}
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self._other_key = RSAKey.generate_key(2048, {"kid": "one"})
        app, self._authorization = _application(self)
        context = certificate.context if certificate else None
        self._server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=context)
        self.issuer = f"{'https' if context else 'http'}://127.0.0.1:{self._server.server_port}/realms/test"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        """Somebody else, and all is well."""
        self.person, self.fault, self.thin = somebody(), None, None
        self.client.auth_method = "client_secret_basic"

    def rotate_keys(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": uuid.uuid4().hex})

    @property
    def settings(self) -> dict[str, str]:
        """For the environment of a server that this is the provider of."""
        return {
            "OIDC_ISSUER": self.issuer,
            "OIDC_CLIENT_ID": CLIENT_ID,
            "OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "OIDC_NAME": "Test issuer",
        }

    def discovery(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0, section 3."""
        return {
            "issuer": "http://127.0.0.1:1/realms/other" if self.fault == "discovery" else self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "token_endpoint_auth_methods_supported": [self.client.auth_method],
            "authorization_response_iss_parameter_supported": True,
            "client_id": "hostile",  # not a word of discovery: it must change nothing
            **self.says,
        }

    def jwks(self) -> dict[str, Any]:
        return dict(KeySet([self.key]).as_dict(private=False))

    def authorize(self) -> Any:
        """Somebody comes to sign in, and does."""
        self.seen.append(request.args.to_dict())
        # Authlib asks for PKCE of public clients only.
        if request.args.get("code_challenge_method") != "S256":
            abort(400, "PKCE with S256 is required here")
        if self.fault == "denied":
            back = {"error": "access_denied", "error_description": "No!", "state": request.args["state"]}
            return redirect(f"{request.args['redirect_uri']}?{urlencode(back)}")
        try:
            grant = self._authorization.get_consent_grant(end_user=self.person)
        except OAuth2Error as error:
            abort(400, str(error))
        response = self._authorization.create_authorization_response(grant_user=self.person, grant=grant)
        issuer = {"response_issuer": "http://127.0.0.1:1/realms/other", "no_response_issuer": ""}
        told = {"iss": issuer.get(self.fault or "", self.issuer), "session_state": "some"}
        response.headers["Location"] += f"&{urlencode({name: value for name, value in told.items() if value})}"
        return response

    def token(self) -> Any:
        self.secrets |= {request.form.get("code_verifier", CLIENT_SECRET)}
        if self.fault == "broken":
            abort(500)
        if self.fault == "nonsense":
            return "<p>Please come back later, " + request.form["code"]
        if self.fault == "elsewhere":
            return redirect("/elsewhere", 307)
        return self._authorization.create_token_response()

    def elsewhere(self) -> Any:
        self.seen.append({"elsewhere": "reached"})
        return self._authorization.create_token_response()

    def userinfo(self) -> Any:
        person = self.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if person is None:
            abort(401)
        return {**person, "sub": "somebody-else"} if self.fault == "userinfo" else person

    def id_token(self, claims: dict[str, Any]) -> str:
        """The claims, signed, or spoilt as `fault` says."""
        now = int(time.time())
        claims |= {
            "nonce": {"nonce": "of-another-sign-in"},
            "issuer": {"iss": "http://127.0.0.1:1/realms/other"},
            "audience": {"aud": ["somebody-else"], "azp": CLIENT_ID},
            "more_audiences": {"aud": [CLIENT_ID, "somebody-else"], "azp": "somebody-else"},
            "expired": {"exp": now - 300, "iat": now - 600},
        }.get(self.fault or "", {})
        for fault, claim in (("no_nonce", "nonce"), ("no_subject", "sub")):
            if self.fault == fault:
                claims.pop(claim, None)
        if self.fault == "unsigned":
            return ".".join([_base64(json.dumps({"alg": "none"})), _base64(json.dumps(claims)), ""])
        if self.fault == "our_secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET), ["HS256"])
        key = self._other_key if self.fault == "signature" else self.key
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, key, ["RS256"])


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _grants(provider: OpenId) -> tuple[type, Any]:
    class CodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["client_secret_basic", "client_secret_post", "none"]

        def save_authorization_code(self, code: str, request: Any) -> None:
            asked = request.payload.data
            provider.codes[code] = Code(
                request.payload.redirect_uri,
                request.scope,
                asked.get("nonce"),
                asked.get("code_challenge"),
                asked.get("code_challenge_method"),
                request.user,
            )
            provider.secrets.add(code)

        def query_authorization_code(self, code: str, client: Any) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            provider.codes = {code: kept for code, kept in provider.codes.items() if kept is not authorization_code}

        def authenticate_user(self, authorization_code: Code) -> dict[str, Any]:
            return authorization_code.person

    class OpenIdExtension(OpenIDCode):
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return any(code.nonce == nonce for code in provider.codes.values())

        def get_client_claims(self, client: Any) -> dict[str, Any]:
            return {"iss": provider.issuer, "aud": [CLIENT_ID]}

        def generate_user_info(self, user: dict[str, Any], scope: str) -> UserInfo:
            return UserInfo(user if provider.thin is None else {"sub": user["sub"], **provider.thin})

        def encode_id_token(self, token: Any, request: Any) -> str:
            claims = self.get_compatible_claims(request)
            claims |= self.get_authorization_code_claims(request.authorization_code)
            return provider.id_token(claims | self.generate_user_info(request.user, token["scope"]))

        def process_token(self, grant: Any, response: Any) -> Any:
            token = response[1] if provider.fault == "no_id_token" else super().process_token(grant, response)
            provider.secrets |= {token["access_token"], token.get("id_token", token["access_token"])}
            provider.tokens[token["access_token"]] = grant.request.user
            return token

    return CodeGrant, OpenIdExtension(require_nonce=True)


def _application(provider: OpenId) -> tuple[Flask, AuthorizationServer]:
    app = Flask("openid")
    server = AuthorizationServer(app, lambda client_id: provider.client if client_id == CLIENT_ID else None, _not_kept)
    grant, openid = _grants(provider)
    server.register_grant(grant, [openid, CodeChallenge(required=True)])
    realm = "/realms/test"
    app.add_url_rule(f"{realm}/.well-known/openid-configuration", view_func=provider.discovery)
    app.add_url_rule(f"{realm}/jwks", view_func=provider.jwks)
    app.add_url_rule(f"{realm}/authorize", view_func=provider.authorize)
    app.add_url_rule(f"{realm}/token", view_func=provider.token, methods=["POST"])
    app.add_url_rule("/elsewhere", view_func=provider.elsewhere, methods=["GET", "POST"])
    app.add_url_rule(f"{realm}/userinfo", view_func=provider.userinfo)
    return app, server


def _not_kept(token: Any, request: Any) -> None:
    """Tokens are noted where they are made."""


@contextmanager
def openid(certificate: Certificate | None = None) -> Iterator[OpenId]:
    """With a certificate it speaks TLS."""
    provider = OpenId(certificate)
    provider.start()
    try:
        yield provider
    finally:
        provider.close()
