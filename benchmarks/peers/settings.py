"""gunicorn's settings as the product has them, for the application of the benchmarks."""

import runpy

from tests.services.process import ROOT

globals().update(runpy.run_path(str(ROOT / "gunicorn.conf.py")))
wsgi_app = "benchmarks.peers.ours:wsgi()"
