#!/usr/bin/python3
"""A WSGI application under wsgiref's CGIHandler: JSON in, JSON out.

It knows nothing of CORS.
SPDX-License-Identifier: ISC
"""
import json
from wsgiref.handlers import CGIHandler
from wsgiref.util import application_uri, request_uri


def application(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    if environ["REQUEST_METHOD"] == "DELETE":
        start_response("204 No Content", [])
        return []
    try:
        said = json.loads(body) if body else None
    except ValueError:
        start_response("400 Bad Request", [("Content-Type", "text/plain")])
        return [b"not JSON\n"]
    reply = json.dumps({
        "method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"],
        "query": environ["QUERY_STRING"], "application": application_uri(environ),
        "said": said, "url": request_uri(environ),
    }, sort_keys=True).encode() + b"\n"
    start_response("200 OK", [("Content-Type", "application/json"),
                              ("Content-Length", str(len(reply))),
                              ("ETag", '"%d"' % len(reply))])
    return [reply]


CGIHandler().run(application)
