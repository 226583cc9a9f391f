"""The local cloud: starts, deploys, seeds and stops everything lambdagram needs on one machine.

`python -m cloud up|down|reset|status|pids|url|logs|gaps`. Only the standard library is imported until the
packages of requirements.txt are installed; from then on the commands run in the checkout's own `.venv`.
"""
