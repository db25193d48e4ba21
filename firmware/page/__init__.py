"""The officer's page: a Starlette application over the board, and its static files."""
