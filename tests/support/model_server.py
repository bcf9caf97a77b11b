"""A web server that gives the files of a folder as repositories, in the way of Hugging Face."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class ModelServer:
    """Serves `repositories`: folders by name. Used as a context; `address` is its own.

    asked: the path and the first byte of every request for content.
    breaks_at: by file name, the byte after which the answer breaks off, once.
    wrong: names of files whose last byte is given wrong.
    """

    def __init__(self, repositories: dict[str, Path]) -> None:
        self.repositories = repositories
        self.asked: list[tuple[str, int]] = []
        self.breaks_at: dict[str, int] = {}
        self.wrong: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="model server")
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def listing(self, repository: str) -> dict[str, object]:
        """What the API tells of a repository."""
        root, files = self.repositories[repository], []
        for path in sorted(each for each in root.rglob("*") if each.is_file()):
            content = path.read_bytes()
            entry: dict[str, object] = {"rfilename": path.relative_to(root).as_posix(), "size": len(content)}
            entry["blobId"] = hashlib.sha1(content).hexdigest()
            if path.suffix != ".json":
                sha256 = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 130}
            files.append(entry)
        return {"id": repository, "modelId": repository, "sha": COMMIT, "siblings": files, "tags": [], "private": False}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        served = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_HEAD(self) -> None:
                self._answer(False)

            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path.startswith("/api/models/"):
                    name = path.removeprefix("/api/models/").split("/revision/")[0]
                    if name not in served.repositories:
                        self.send_error(404)
                        return
                    text = json.dumps(served.listing(name)).encode()
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                    return
                self._answer(True)

            def _answer(self, whole: bool) -> None:
                repository, _, rest = urlsplit(self.path).path.removeprefix("/").partition("/resolve/")
                name = rest.partition("/")[2]
                content = (served.repositories[repository] / name).read_bytes()
                etag = hashlib.sha256(content).hexdigest()
                if name in served.wrong:
                    content = content[:-1] + bytes([content[-1] ^ 1])
                span = self.headers.get("Range", "")
                start = int(span.removeprefix("bytes=").split("-")[0]) if span.startswith("bytes=") else 0
                self.send_response(206 if start else 200)
                self.send_header("X-Repo-Commit", COMMIT)
                self.send_header("ETag", f'"{etag}"')
                self.send_header("Content-Length", str(len(content) - start))
                if start:
                    self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                self.end_headers()
                if whole:
                    served.asked.append((name, start))
                    stop = served.breaks_at.pop(name, len(content))
                    self.wfile.write(content[start:stop])
                    self.close_connection = True

        return Handler
