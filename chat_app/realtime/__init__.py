"""Sockets: namespaces and their events, rooms, the bus between processes, and `publish`, which alone emits."""
