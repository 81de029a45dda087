"""What of GitHub a sign-in uses: the page that asks the person, the token, the account and its addresses."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask, Response, abort, jsonify, redirect, request
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "Iv1.0123456789", "github-client-secret"


class GitHub:
    """`url` is its address; `user` and `emails` are who says yes to us there."""

    def __init__(self) -> None:
        self.user: dict[str, Any] = {}
        self.emails: list[dict[str, Any]] = []
        self.redirect_uri = ""
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: set[str] = set()
        self._server = make_server("127.0.0.1", 0, _application(self), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.sign_in_as(1, "somebody", {})

    def sign_in_as(self, number: int, login: str, emails: dict[str, tuple[bool, bool]], **fields: Any) -> None:
        """`emails`: address → (primary, verified)."""
        self.user = {"id": number, "login": login, "name": None, "email": None, **fields}
        self.emails = [
            {"email": address, "primary": primary, "verified": verified, "visibility": None}
            for address, (primary, verified) in emails.items()
        ]

    @property
    def settings(self) -> dict[str, str]:
        return {
            "GITHUB_URL": self.url,
            "GITHUB_API_URL": f"{self.url}/api/v3",
            "GITHUB_CLIENT_ID": CLIENT_ID,
            "GITHUB_CLIENT_SECRET": CLIENT_SECRET,
        }

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _application(github: GitHub) -> Flask:
    app = Flask("github")

    @app.get("/login/oauth/authorize")
    def authorize() -> Any:
        asked = request.args
        if asked["client_id"] != CLIENT_ID or asked["redirect_uri"] != github.redirect_uri:
            abort(404)
        code = secrets.token_hex(10)
        github.codes[code] = asked.to_dict()
        return redirect(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    @app.post("/login/oauth/access_token")
    def token() -> Response:
        given = request.form
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return jsonify(error="incorrect_client_credentials")  # with status 200, as GitHub does
        asked = github.codes.pop(given["code"], None)
        challenge = create_s256_code_challenge(given.get("code_verifier", ""))
        if asked is None or (asked["redirect_uri"], asked["code_challenge"]) != (given["redirect_uri"], challenge):
            return jsonify(error="bad_verification_code")
        token = f"gho_{secrets.token_hex(18)}"
        github.tokens.add(token)
        return jsonify(access_token=token, token_type="bearer", scope=asked["scope"])

    def _require_token() -> None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or token not in github.tokens:
            abort(401)

    @app.get("/api/v3/user")
    def user() -> Response:
        _require_token()
        return jsonify(github.user)

    @app.get("/api/v3/user/emails")
    def emails() -> Response:
        _require_token()
        return jsonify(github.emails)

    return app


@contextmanager
def github() -> Iterator[GitHub]:
    server = GitHub()
    server.start()
    try:
        yield server
    finally:
        server.close()
