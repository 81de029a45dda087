from typing import Annotated, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from chat_app.schemas import Id, Input, Output, Query, UtcTime, pattern, printable

CodeVerifier = Annotated[
    str,
    StringConstraints(min_length=43, max_length=128),
    pattern(r"^[A-Za-z0-9._~-]*$", "may hold letters, digits and the characters - . _ ~ (RFC 7636)"),
]
Opaque = Annotated[str, StringConstraints(min_length=1, max_length=4096), AfterValidator(printable)]


class ProviderOut(Output):
    name: str = Field(description="What stands in addresses: google, github or oidc.")
    label: str = Field(description="What to write on a button.")


class Providers(Output):
    items: list[ProviderOut]


class ProviderPath(Query):
    provider: str = Field(max_length=64)


class Callback(Query):
    """What the provider adds to our address (RFC 6749, section 4.1.2, and RFC 9207); some add more."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", frozen=True)

    code: str | None = Field(None, max_length=4096)
    state: str | None = Field(None, max_length=500)
    iss: str | None = Field(None, max_length=500, description="The provider's issuer.")
    error: str | None = Field(None, max_length=200, description="Why there is no code.")


class ProviderLogin(Input):
    """The result of an authorization that a client ran itself (RFC 8252), with PKCE."""

    provider: str = Field(max_length=64)
    code: Opaque
    redirect_uri: Opaque = Field(description="Exactly as in the authorization: ours, or one of OAUTH_REDIRECT_URIS.")
    code_verifier: CodeVerifier
    nonce: Opaque | None = Field(None, description="As in the authorization; required if there was one.")


class LinkStart(Output):
    url: str = Field(description="Where to send the browser; the answer's cookie belongs to it.")


class IdentityOut(Output):
    """An account elsewhere that this account can be signed in to with."""

    id: str
    provider: str
    email: str | None = Field(description="The address that the provider told last.")
    created_at: UtcTime
    last_used_at: UtcTime | None


class IdentityPath(Query):
    identity_id: Id
