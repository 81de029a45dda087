"""Running it: health, jobs, commands."""
