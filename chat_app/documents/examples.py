"""A value that a reader understands for each field, by its name; the documents show them instead of "string"."""

from typing import Any

Json = dict[str, Any]
ID = "01939c6e-2b7a-7c3e-9d6f-0a1b2c3d4e5f"
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMTkzOWM2ZSJ9.c2lnbmF0dXJl"
EXAMPLES: Json = {
    "EnsureUser.id": "customer-4711",
    "NewApiKey.name": "Nightly report",
    "ProviderLogin.code": "SplxlOBeZQQYbYS6WxSbIA",
    "Sync.conversations": {ID: 57},
    "access_token": JWT,
    "action": "auth.login",
    "address": "192.0.2.7",
    "avatar": "https://shop.example/pictures/4711.jpg",
    "avatar_hue": 7,
    "avatar_url": f"/media/{ID}/avatar.webp",
    "change": 57,
    "client_msg_id": "3f0c6a52-8d1e-4f7b-9c55-2f1a7e9d0b34",
    "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "content": "Hello, Grace!",
    "current_password": "correct horse battery",
    "delivered_seq": 42,
    "description": "Writes the first programs.",
    "device": "Firefox on Linux",
    "display_name": "Ada Lovelace",
    "email": "ada@example.org",
    "emoji": "👍",
    "epoch": ID,
    "expires_in": 900,
    "external_id": "customer-4711",
    "key": "cs_3v9TqWm0…",
    "label": "GitHub",
    "last_change": 57,
    "last_seq": 42,
    "member_count": 3,
    "new_password": "quite another horse",
    "password": "correct horse battery",
    "permissions": ["groups.create", "rooms.use"],
    "plan": "free",
    "prefix": "cs_3v9T",
    "provider": "github",
    "q": "ada",
    "read_seq": 40,
    "reason": "Spam in three rooms.",
    "redirect_uri": "com.example.chat:/callback",
    "refresh_token": JWT,
    "requests_per_minute": 1200,
    "retry_after": 11.482,
    "role": "member",
    "scopes": ["messages:read", "messages:write"],
    "seq": 42,
    "title": "The analytical engine",
    "token": JWT,
    "tokens_per_day": 100_000,
    "type": "text",
    "unread": 2,
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "user_ids": [ID],
    "username": "ada",
}


def illustrated(definitions: Json) -> Json:
    """The schemas of models, sorted, with examples for all fields but those whose schema says what to write."""
    for model, schema in definitions.items():
        for name, field in schema.get("properties", {}).items():
            an_id = ID if name.endswith("id") and name in schema.get("required", ()) else None
            example = EXAMPLES.get(f"{model}.{name}", EXAMPLES.get(name, an_id))
            if example is not None and not {"enum", "const", "$ref"} & set(field):
                field["examples"] = [example]
    return dict(sorted(definitions.items()))
