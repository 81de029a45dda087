"""Plans: how much an account may ask for."""
