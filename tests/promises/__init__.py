"""What ChatSphere promises, each proven against real processes that are killed and cut, with its figure printed.

The people in these tests are the page's own client library in Node.js (`crowd.mjs`). `SOAK=1` makes every
test longer; the short form is what CI runs.
"""
