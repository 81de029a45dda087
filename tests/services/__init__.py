"""Real parts for the tests: each is a process that can be started, stopped, paused and killed in a test.

Nothing here is a double. The test process itself is never monkey-patched by eventlet; it talks to the
parts over sockets, as users do.
"""
