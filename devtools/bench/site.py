"""The application with one bare page beside it, to compare with."""

from flask import Response

from marketplace import create_app
from marketplace.web.access import public

app = create_app()


@app.get("/bare")
@public
def bare() -> Response:
    return Response("<!doctype html><title>bare</title>")
