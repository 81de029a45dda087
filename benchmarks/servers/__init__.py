"""Whole chat servers beside ours: `make bench-servers`. They are installed from their packages, started on free ports
with a PostgreSQL of their own, and ended with everything they started.
"""
