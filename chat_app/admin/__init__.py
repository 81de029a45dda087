"""What administrators do: people, roles, bans, plans, the audit log. It opens nobody's conversations to them."""
