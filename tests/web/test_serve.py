"""`regtui serve` in a real browser, driven through its own protocol (chromedevtools.github.io/devtools-protocol)."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pyte
import pytest
import pytest_asyncio
from PIL import Image, ImageChops

from regtui.cli import main

ROOT = Path(__file__).parents[2]
HANGS = 60.0
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
COLUMNS, ROWS = 240, 80  # larger than the page, so that nothing wraps


@pytest.fixture
def port() -> int:
    """One that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def server(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A server whose explorers have a worker that plays."""
    pytest.importorskip("textual_serve", reason="the extra serve is not installed")
    worker = shlex.join([sys.executable, str(ROOT / "tests/web/playing_worker.py")])
    folders = {"XDG_DATA_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    environment = {**os.environ, **folders, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "regtui", "serve", "ladder", "--port", str(port), "--worker", worker]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(words, env=environment, cwd=tmp_path, text=True, **pipes)
    assert process.stdout is not None
    try:
        assert f"http://127.0.0.1:{port}" in process.stdout.readline()
        deadline = time.monotonic() + HANGS
        while not _is_listening(port):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        yield process
        process.terminate()
        assert process.wait(timeout=HANGS) in (0, -9) and "Traceback" not in process.stdout.read()
    finally:
        process.kill()
        process.stdout.close()


@pytest.fixture
def served(server: subprocess.Popen[str], port: int) -> str:  # noqa: ARG001  # it has to be up
    """Its address."""
    return f"http://127.0.0.1:{port}"


def _is_listening(port: int) -> bool:
    with socket.socket() as attempt:
        return not attempt.connect_ex(("127.0.0.1", port))


class Page:
    """A page in a browser: what the explorer wrote to it, and what it looks like."""

    def __init__(self, socket: object) -> None:
        self._socket, self._number = socket, 0
        self._answers: dict[int, asyncio.Future[dict[str, object]]] = {}
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)
        self.listener = asyncio.create_task(self._listen())

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    def curves(self) -> str:
        """The braille of all charts."""
        return "".join(character for character in self.text if "\u2801" <= character <= "\u28ff")

    async def _listen(self) -> None:
        async for message in self._socket:  # type: ignore[attr-defined]
            said = json.loads(message.data)
            if said.get("id") in self._answers:
                self._answers.pop(said["id"]).set_result(said.get("result", {}))
            elif said.get("method") == "Network.webSocketFrameReceived":
                frame = said["params"]["response"]
                if frame["opcode"] == 2:
                    self._stream.feed(base64.b64decode(frame["payloadData"]))

    async def ask(self, method: str, **params: object) -> dict[str, object]:
        self._number += 1
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(  # type: ignore[attr-defined]
            json.dumps({"id": self._number, "method": method, "params": params})
        )
        return await asyncio.wait_for(answer, HANGS)

    async def press(self, character: str) -> None:
        await self.ask("Runtime.evaluate", expression="document.querySelector('textarea').focus()")
        await self.ask("Input.dispatchKeyEvent", type="keyDown", key=character, text=character)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", key=character)

    async def picture(self) -> Image.Image:
        found = await self.ask("Page.captureScreenshot", format="png")
        return Image.open(io.BytesIO(base64.b64decode(str(found["data"])))).convert("RGB")

    async def other_picture(self, before: Image.Image, share: float) -> Image.Image:
        """The page once so much of its charts differs: a browser paints when it comes to it."""
        deadline = time.monotonic() + HANGS
        while _changed(before, picture := await self.picture()) <= share:
            assert time.monotonic() < deadline, "the pixels of the charts do not move"
            await asyncio.sleep(0.05)
        return picture

    async def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + HANGS
        while not condition():
            assert time.monotonic() < deadline, self.text
            await asyncio.sleep(0.05)


@pytest_asyncio.fixture
async def page(served: str, tmp_path: Path) -> AsyncIterator[Page]:
    """The explorer in a headless browser."""
    if not BROWSER:
        pytest.skip("no Chromium is installed")
    import aiohttp

    words = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
             f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1200,860", "about:blank"]  # fmt: skip
    browser = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    known = tmp_path / "profile" / "DevToolsActivePort"
    deadline = time.monotonic() + HANGS
    while not known.exists() or not known.read_text().strip():
        assert time.monotonic() < deadline and browser.poll() is None, "the browser did not start"
        await asyncio.sleep(0.05)
    address = f"http://127.0.0.1:{known.read_text().splitlines()[0]}"
    try:
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{address}/json/list") as response:
                target = next(each for each in await response.json() if each["type"] == "page")
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                opened = Page(socket)
                await opened.ask("Network.enable")
                await opened.ask("Page.enable")
                await opened.ask("Page.navigate", url=served)
                yield opened
                opened.listener.cancel()
    finally:
        browser.kill()
        browser.wait()


async def test_a_browser_opens_it_runs_a_scenario_and_the_curve_moves(page: Page) -> None:
    await page.until(lambda: "Press space to run the 4 arms" in page.text)
    before = await page.picture()
    await page.press(" ")
    await page.until(lambda: "running" in page.text and page.curves())
    seen, first = page.curves(), await page.other_picture(before, 0.003)
    await page.until(lambda: len(page.curves()) > len(seen) + 10)
    later = await page.other_picture(first, 0.001)
    if shown := os.environ.get("REGTUI_TEST_PICTURE"):
        later.save(shown)


def _changed(one: Image.Image, other: Image.Image) -> float:
    """Share of the right part of the page, where the charts are, whose pixels differ."""
    width, height = one.size
    box = (width * 2 // 5, height // 10, width, height * 2 // 3)
    difference = ImageChops.difference(one.crop(box), other.crop(box)).convert("L")
    return sum(difference.histogram()[25:]) / ((box[2] - box[0]) * (box[3] - box[1]))


async def test_a_page_of_another_site_may_not_use_it(served: str) -> None:
    import aiohttp

    async with aiohttp.ClientSession() as session:
        for headers in ({"Origin": "http://evil.example"}, {}, {"Origin": served, "Host": "evil.example"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{served}/ws", headers=headers)
            assert refused.value.status == 403


async def test_an_explorer_leaves_when_its_server_is_killed(served: str, server: subprocess.Popen[str]) -> None:
    import aiohttp

    async with aiohttp.ClientSession() as session:
        page = await session.ws_connect(f"{served}/ws?width=80&height=24", headers={"Origin": served}, max_msg_size=0)
        await page.receive(timeout=HANGS)
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(server.pid)], capture_output=True, text=True)
        (explorer,) = listed.stdout.split()
        server.kill()
        deadline = time.monotonic() + HANGS
        while Path(f"/proc/{explorer}").exists():
            assert time.monotonic() < deadline, "it stays"
            await asyncio.sleep(0.05)


def test_without_the_extra_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    monkeypatch.delitem(sys.modules, "regtui.cli.web", raising=False)
    assert main(["serve"]) == 2
    assert capsys.readouterr().err == "regtui serve: needs textual-serve; pip install 'regtui[serve]'\n"


def test_a_port_that_is_taken_is_said_in_a_sentence(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("textual_serve", reason="the extra serve is not installed")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert main(["serve", "--port", str(port)]) == 2
    assert f"127.0.0.1:{port} cannot be opened" in capsys.readouterr().err
