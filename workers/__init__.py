"""The Celery tasks: a few lines each that call a service. Nothing in `chat_app` imports them; jobs are named.

Start a worker with `celery -A workers worker --beat`; `workers/celery.py` is what it loads.
"""
