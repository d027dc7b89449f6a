"""A real HTTP server on loopback with the files, batches and chat endpoints of OpenAI, which answers as told."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.servers.evaluator import failure, verdict
from tests.servers.http import Received, Reply, listening, respond

Lines = list[bytes]


@dataclass(slots=True)
class Batch:
    """One batch: what was asked, and how it stands."""

    id: str
    body: dict[str, Any]
    requests: list[dict[str, Any]]
    polls: int
    status: str = "in_progress"
    created_at: int = field(default_factory=lambda: int(time.time()))
    output: str | None = None
    errors: str | None = None


@dataclass(slots=True)
class BatchServer:
    """Where the server listens, what it was asked, and how it shall behave.

    Requests are answered by `answer`, in a batch as live. A batch is under way for `polls` looks, then `ends` so, with
    the first `share` of its requests done; `mangle` may change the lines of its output. `refusal` is what the batch
    endpoints say instead; with `drops`, a batch is begun but the connection broken before its ID is told; one that
    `is_deaf` calls nothing off.
    """

    url: str = ""
    answer: Callable[[Received], Reply] = field(default=lambda _: verdict(4))
    polls: int = 0
    ends: str = "completed"
    share: float = 1.0
    mangle: Callable[[Lines], Lines] = field(default=lambda lines: lines)
    refusal: Reply | None = None
    drops: bool = False
    is_deaf: bool = False
    page: int = 100
    live: list[Received] = field(default_factory=list)
    looks: int = 0
    cancelled: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)
    batches: dict[str, Batch] = field(default_factory=dict)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The requests of all batches, in their order."""
        return [request for batch in self.batches.values() for request in batch.requests]


@contextmanager
def serve_batches() -> Iterator[BatchServer]:
    """Serve until the block ends."""
    server = BatchServer()
    with listening(_app(server)) as server.url:
        yield server


def _app(server: BatchServer) -> web.Application:
    app = web.Application(client_max_size=2**28)
    app.router.add_post("/{root}/files", _endpoint(server, _upload))
    app.router.add_get("/{root}/files/{id}/content", _endpoint(server, _content))
    app.router.add_post("/{root}/batches", _endpoint(server, _create))
    app.router.add_get("/{root}/batches", _endpoint(server, _list))
    app.router.add_get("/{root}/batches/{id}", _endpoint(server, _retrieve))
    app.router.add_post("/{root}/batches/{id}/cancel", _endpoint(server, _cancel))

    async def chat(request: web.Request) -> web.StreamResponse:
        received = _received(len(server.live), request.path_qs, await request.json())
        server.live.append(received)
        return await respond(request, server.answer(received))

    app.router.add_post("/{path:.*}/chat/completions", chat)
    return app


Handler = Callable[[BatchServer, web.Request], Any]


def _endpoint(server: BatchServer, handler: Handler) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.StreamResponse:
        if server.refusal is not None:
            return await respond(request, server.refusal)
        response: web.StreamResponse = await handler(server, request)
        return response

    return handle


async def _upload(server: BatchServer, request: web.Request) -> web.Response:
    form = await request.post()
    assert form["purpose"] == "batch"
    file = form["file"]
    assert isinstance(file, web.FileField)
    place = _keep(server, file.file.read())
    server.uploads.append(place)
    size = len(server.files[place])
    return web.json_response(
        {"id": place, "object": "file", "bytes": size, "created_at": 1, "filename": "x", "purpose": "batch"}
        | {"status": "processed"}
    )


async def _content(server: BatchServer, request: web.Request) -> web.Response:
    content = server.files.get(request.match_info["id"])
    return web.Response(status=404) if content is None else web.Response(body=content)


async def _create(server: BatchServer, request: web.Request) -> web.Response:
    body = await request.json()
    requests = [json.loads(line) for line in server.files[body["input_file_id"]].splitlines()]
    batch = Batch(id=f"batch_{len(server.batches)}", body=body, requests=requests, polls=server.polls)
    server.batches[batch.id] = batch
    if server.drops:
        assert request.transport is not None
        request.transport.close()
    return web.json_response(_shown(batch))


async def _list(server: BatchServer, request: web.Request) -> web.Response:
    newest = list(server.batches.values())[::-1]
    after = request.query.get("after")
    ids = [batch.id for batch in newest]
    start = ids.index(after) + 1 if after else 0
    page = newest[start : start + min(server.page, int(request.query["limit"]))]
    has_more = start + len(page) < len(newest)
    return web.json_response({"object": "list", "data": [_shown(batch) for batch in page], "has_more": has_more})


async def _retrieve(server: BatchServer, request: web.Request) -> web.Response:
    batch = server.batches.get(request.match_info["id"])
    server.looks += 1
    if batch is None:
        return web.Response(status=404)
    if batch.status == "cancelling":
        _finish(server, batch, "cancelled")
    elif batch.status == "in_progress" and batch.polls == 0:
        _finish(server, batch, server.ends)
    batch.polls -= 1
    return web.json_response(_shown(batch))


async def _cancel(server: BatchServer, request: web.Request) -> web.Response:
    batch = server.batches[request.match_info["id"]]
    server.cancelled.append(batch.id)
    if batch.status != "in_progress":
        return web.json_response({"error": {"message": "it has ended", "code": None}}, status=400)
    if not server.is_deaf:
        batch.status = "cancelling"
    return web.json_response(_shown(batch))


def _finish(server: BatchServer, batch: Batch, status: str) -> None:
    batch.status = status
    if status == "failed":
        return
    done = round(server.share * len(batch.requests))
    good: Lines = []
    bad: Lines = []
    for number, request in enumerate(batch.requests):
        line: dict[str, Any] = {"id": f"r{number}", "custom_id": request["custom_id"], "response": None, "error": None}
        if number >= done:
            line["error"] = {"code": f"batch_{status}", "message": "This request was not executed."}
        else:
            reply = server.answer(_received(number, request["url"], request["body"]))
            line["response"] = {"status_code": reply.status, "request_id": "q", "body": json.loads(reply.content)}
        is_good = number < done and line["response"]["status_code"] == 200
        (good if is_good else bad).append(json.dumps(line).encode())
    batch.output = _keep(server, b"\n".join(server.mangle(good))) if good else None
    batch.errors = _keep(server, b"\n".join(bad)) if bad else None


def _shown(batch: Batch) -> dict[str, Any]:
    faults = {
        "object": "list",
        "data": [{"code": "token_limit_exceeded", "message": "no", "line": None, "param": None}],
    }
    ended = batch.status not in {"in_progress", "cancelling"}
    total = len(batch.requests)
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.body["endpoint"],
        "input_file_id": batch.body["input_file_id"],
        "completion_window": batch.body["completion_window"],
        "metadata": batch.body["metadata"],
        "status": batch.status,
        "created_at": batch.created_at,
        "completed_at": batch.created_at + 90 if ended else None,
        "output_file_id": batch.output,
        "error_file_id": batch.errors,
        "errors": faults if batch.status == "failed" else None,
        "request_counts": {"total": total, "completed": total if ended else 0, "failed": 0},
    }


def _keep(server: BatchServer, content: bytes) -> str:
    place = f"file-{len(server.files)}"
    server.files[place] = content
    return place


def _received(number: int, path: str, body: dict[str, Any]) -> Received:
    return Received(number=number, path=path, headers={}, body=body)


NO_BATCHES = failure(404, None, "Invalid URL")
