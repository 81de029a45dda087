"""One conversation model for private chats, groups and public rooms, and who belongs to them."""
