from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from flask import Response, current_app, redirect, request

from chat_app.auth.current import identity, public
from chat_app.auth.routes import TAG
from chat_app.auth.schemas import TokenPair
from chat_app.auth.sessions import open_session
from chat_app.db import transaction
from chat_app.documents.area import Area
from chat_app.errors import ChatError, as_chat_error, forbidden, invalid
from chat_app.limits import auth_limited
from chat_app.oauth import cookie, service
from chat_app.oauth.cookie import Pending
from chat_app.oauth.profile import Profile
from chat_app.oauth.providers import get_provider, get_providers
from chat_app.oauth.schemas import (
    Callback,
    IdentityOut,
    IdentityPath,
    LinkStart,
    ProviderLogin,
    ProviderOut,
    ProviderPath,
    Providers,
)
from chat_app.schemas import Page
from chat_app.settings import Settings
from chat_app.users.models import User

if TYPE_CHECKING:
    from chat_app.oauth.provider import Provider

bp = Area("oauth", __name__, url_prefix="/auth", abp_tags=[TAG])
Json = dict[str, Any]
T = TypeVar("T")

TOLD = {"email_not_verified", "account_exists", "registration_closed", "banned", "identity_taken"}
"""Failures that the page explains by their own code; every other one is `oauth_failed`."""
ATTEMPTS = 3


def _redirects(to: str) -> dict[Any, Any]:
    headers = {"Location": {"description": to, "schema": {"type": "string"}}}
    return {302: {"description": f"To {to}.", "headers": headers}}


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


@bp.get("/providers", responses={200: Providers})
@public
def providers() -> Json:
    """What people can sign in with here, besides a password."""
    return Providers(items=[ProviderOut.model_validate(provider) for provider in get_providers()]).to_json()


@bp.get("/oauth2/<provider>/login", responses=_redirects("the provider, or `/#/sign-in/oauth_failed`"))
@public
@auth_limited
def login(path: ProviderPath) -> Any:
    """Begin to sign in: send the browser here, not a script."""
    provider = get_provider(path.provider)
    try:
        authorization = provider.authorization()
    except ChatError as error:
        return redirect(f"/#/sign-in/{error.code}")
    cookie.remember(provider.name, authorization)
    return redirect(authorization["url"])


@bp.post("/oauth2/<provider>/link", responses={200: LinkStart, 400: None})
@auth_limited
def link(path: ProviderPath) -> Json:
    """Begin to link a provider to one's account: send the browser to the `url` of the answer."""
    provider = get_provider(path.provider)
    caller = identity()
    service.require_room(caller.user_id)
    authorization = provider.authorization()
    cookie.remember(provider.name, authorization, caller.session_id)
    return LinkStart(url=authorization["url"]).to_json()


@bp.get(
    "/oauth2/<provider>/callback",
    responses=_redirects("`/#/signed-in`, `/#/settings/linked`, `/#/sign-in/{code}` or `/#/settings/{code}`"),
)
@public
@auth_limited
def callback(path: ProviderPath, query: Callback) -> Any:
    """Where the provider sends the browser back to. The address is to be registered there."""
    provider = get_provider(path.provider)
    pending = cookie.take(provider.name, query.state)
    linking = pending["session_id"] if pending else None
    try:
        profile = _answered(provider, pending, query)
        if linking:
            _settled(lambda: service.link_to_session(profile, linking))
            return redirect("/#/settings/linked")
        secret = _settled(lambda: service.hand_out(service.sign_in(profile).id))
    except Exception as error:
        code = as_chat_error(error).code
        return redirect(f"/#/{'settings' if linking else 'sign-in'}/{code if code in TOLD else 'oauth_failed'}")
    cookie.hand_over(secret, provider.name)
    return redirect("/#/signed-in")


def _answered(provider: "Provider", pending: Pending | None, query: Callback) -> Profile:
    """Who signed in at the provider, if this is the answer to what this browser asked."""
    if pending is None:
        raise provider.failed("this browser did not begin it, or too long ago")
    if query.error or not query.code:
        raise provider.failed("the provider or the person refused")
    provider.check_issuer(query.iss)
    return provider.identify(query.code, pending["code_verifier"], provider.redirect_uri, pending["nonce"])


def _settled(work: Callable[[], T]) -> T:
    """Do it in a transaction, again when somebody else made the same account or name at the same moment."""
    for _ in range(ATTEMPTS - 1):
        try:
            with transaction():
                return work()
        except ChatError as error:
            if error.code != "conflict":
                raise
    with transaction():
        return work()


@bp.post("/oauth2/complete", responses={200: TokenPair, 401: None, 403: None})
@public
@auth_limited
def complete() -> Json:
    """Finish a sign-in: the page calls this at `/#/signed-in`, where the callback sent it, once and within a minute."""
    _require_own_page()
    handed = cookie.handed_over()
    try:
        if handed is None:
            raise service.stale()
        secret, provider = handed
        with transaction():
            pair = _open_session(service.redeem(secret), provider)
    except ChatError:  # a database that is away keeps the cookie: the page may ask again
        cookie.forget()
        raise
    cookie.forget()
    return pair


def _require_own_page() -> None:
    """The cookie alone proves no intent: no other site's page may finish a sign-in (RFC 6749, section 10.12)."""
    own = {origin for origin in (request.host_url, _settings().public_url) if origin}
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "same-origin")
    foreign = origin is not None and urlsplit(origin)[:2] not in {urlsplit(address)[:2] for address in own}
    if foreign or site != "same-origin":
        raise forbidden("Only our own page may finish a sign-in.")


@bp.post("/oauth2/login", responses={200: TokenPair, 400: None, 403: None, 404: None, 409: None})
@public
@auth_limited
def exchange(body: ProviderLogin) -> Json:
    """Sign in with the code of an authorization that the client ran itself."""
    provider = get_provider(body.provider)
    if body.redirect_uri not in (provider.redirect_uri, *_settings().oauth_redirect_uris):
        raise invalid("redirect_uri", "is neither ours nor one of OAUTH_REDIRECT_URIS")
    profile = provider.identify(body.code, body.code_verifier, body.redirect_uri, body.nonce)
    return _settled(lambda: _open_session(service.sign_in(profile), provider.name))


def _open_session(user: User, provider: str) -> Json:
    return open_session(user, request.headers.get("User-Agent", ""), request.remote_addr or "", provider=provider)


@bp.get("/identities", responses={200: Page[IdentityOut]})
def list_identities() -> Json:
    """The providers that one can sign in with."""
    found = service.identities_of(identity().user_id)
    return Page[IdentityOut](items=[IdentityOut.model_validate(each) for each in found]).to_json()


@bp.delete("/identities/<identity_id>", responses={204: None, 409: None})
def unlink(path: IdentityPath) -> Response:
    """Unlink a provider; refused (409) when it is the only way to sign in."""
    usable = [provider.name for provider in get_providers()]
    with transaction():
        service.unlink(identity().user_id, path.identity_id, usable)
    return Response(status=204)
