"""People: profiles, and who may see whom."""
