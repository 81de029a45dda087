"""Delivered and read: watermarks that only move forward, told at once, stored in batches."""
