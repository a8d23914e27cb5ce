"""What the API says of itself at `/openapi.json`, where FastAPI alone does not know it: errors are problems, and there are examples."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.http.problems import MEDIA_TYPE

_CITATION = {
    "marker": 1, "source": "hr/leave.md", "title": "Annual and special leave", "headings": ["Annual leave", "Carry-over"], "page": None,
    "start": 1979, "end": 2040, "quote": "Up to 5 days may be carried into the next year without asking",
    "url": "https://lighthouse.northlight.example/policies/hr/leave",
}  # fmt: skip
_REPLY = {
    "kind": "answer", "text": "Up to 5 days may be carried into the next year without asking [1].", "confidence": 0.82,
    "citations": [_CITATION], "refusal": None, "mode": "extractive", "notices": [], "trace_id": "bf782c4f4353a5dcfd04a7de",
    "generation": "20261125T151400-683315e2ed",
    "cost": {"usd": 0, "input_tokens": 0, "output_tokens": 0, "calls": 0, "prices": "genai-prices 0.2.3", "estimated": False},
    "latency_ms": {"retrieve": 14.2, "answer": 46.1, "total": 62.8},
}  # fmt: skip
_CLOSEST = {"source": "hr/leave.md", "title": "Annual and special leave", "headings": ["Sabbaticals"], "owner": "people@northlight.example"}
_REFUSAL = _REPLY | {
    "kind": "refusal", "text": "", "confidence": 0.21, "citations": [],
    "refusal": {
        "reason": "insufficient_evidence", "message": "The documents touch on this, but no passage answers it.", "closest": [_CLOSEST],
    },
}  # fmt: skip
_HIT = {
    "rank": 1, "score": 0.71, "source": "hr/leave.md", "title": "Annual and special leave", "headings": ["Annual leave", "Carry-over"],
    "page": None, "text": "Up to 5 days may be carried into the next year without asking. They must be taken by 30 June.",
}  # fmt: skip
_DOCUMENT = {
    "id": "3f1c9a5b7d2e4f60", "source": "hr/leave.md", "title": "Annual and special leave", "owner": "people@northlight.example",
    "groups": [], "effective": "2026-01-01", "characters": 6200, "updated": "2026-11-20T09:00:00Z", "chunks": 14,
}  # fmt: skip

# By the name of the schema; `tests/unit/test_openapi.py` reads each with its model.
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "AskIn": [
        {"question": "How many days of leave may I carry over into the next year?"},
        {
            "question": "And by when must they be taken?",
            "history": [
                {"role": "user", "content": "How many days of leave may I carry over?"},
                {"role": "assistant", "content": "Up to 5 days [1]."},
            ],
            "filters": {"sources": ["hr/*"]},
            "as_of": "2026-12-01",
        },
    ],
    "SearchIn": [{"query": "carry over leave", "k": 3}],
    "FeedbackIn": [{"trace_id": "bf782c4f4353a5dcfd04a7de", "rating": -1, "comment": "The days changed in January."}],
    "ReplyOut": [_REPLY, _REFUSAL],
    "HitsOut": [{"hits": [_HIT]}],
    "DocumentsOut": [{"documents": [_DOCUMENT], "next": None}],
    "Problem": [
        {
            "type": "about:blank", "title": "Unprocessable Content", "status": 422, "detail": "question: field required",
            "errors": [{"field": "question", "message": "field required"}],
        }
    ],
}  # fmt: skip


def describe(app: FastAPI) -> None:
    """Has the application give this description; it is made at the first request for it."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents


def described(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    for operation in (operation for path in schema["paths"].values() for operation in path.values()):
        for response in operation["responses"].values():
            _as_problem(response.get("content", {}))
    for name, examples in EXAMPLES.items():
        schema["components"]["schemas"][name]["examples"] = examples
    return schema


def _as_problem(content: dict[str, Any]) -> None:
    for kind in [kind for kind, body in content.items() if body.get("schema") == {"$ref": "#/components/schemas/Problem"}]:
        content[MEDIA_TYPE] = content.pop(kind)
