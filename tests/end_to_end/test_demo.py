"""`circleshield demo`, as a person runs it."""

import json
import os
import signal
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from tests.end_to_end.browser import chromium, needs_chromium, wait_for_text
from tests.end_to_end.origin import HANG_SECONDS
from tests.end_to_end.proxy_process import CIRCLESHIELD, wait_for

POSTS: list[dict[str, str]] = json.loads((files("circleshield.demo") / "posts.json").read_text(encoding="utf-8"))
SELLERS = {
    "qianjie_skin",
    "xiaoya_slim",
    "hannah_hustles",
    "jianzhi_help",
    "ahao_store",
    "leo_signals",
    "weiwei_team",
    "glow_tiff",
    "mi_licai",
}
SALES = [post for post in POSTS if post["acct"] in SELLERS]


def test_takes_out_the_nine_sales_posts_and_no_other() -> None:
    done = subprocess.run(
        [sys.executable, *CIRCLESHIELD, "demo"],
        env={**os.environ, "COLUMNS": "500"},  # so wide that no line is broken
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=HANG_SECONDS,
        check=True,
    )
    assert done.stderr == ""
    assert "24 posts came, 9 were taken out before the client saw them." in done.stdout
    rows = [line.strip("│").split("│") for line in done.stdout.splitlines() if line.startswith("│")]
    authors = [left.strip() for left, right in rows if right.strip().startswith("removed: score ")]
    assert authors == [post["who"] for post in SALES]
    shown = [right.strip() for _, right in rows]
    for post in POSTS:
        assert (post["text"] in shown) == (post not in SALES)


@needs_chromium
def test_page_on_a_phone(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("wb") as stream:
        command = [sys.executable, *CIRCLESHIELD, "demo", "--serve"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
    try:
        ca = Path(wait_for(process, output, r"trusting (\S+)")[1])
        filtered = wait_for(process, output, r"filtered +(http://127\.0\.0\.1:\d+/)")[1]
        unfiltered = wait_for(process, output, r"unfiltered +(https://localhost:\d+/)")[1]
        with chromium(tmp_path, None, [ca.parent.parent / "site-ca-cert.pem"]) as driver:
            for url, posts in ((filtered, [post for post in POSTS if post not in SALES]), (unfiltered, POSTS)):
                driver.get(url)
                page = wait_for_text(driver, POSTS[-1]["text"])
                assert f"{len(posts)} 条" in page
                assert [post for post in POSTS if post["text"] in page] == posts
                assert driver.execute_script("return document.documentElement.scrollWidth") == 360
                driver.save_screenshot(str(tmp_path / f"{len(posts)} posts.png"))
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(HANG_SECONDS) == 0
    assert "Traceback" not in output.read_text(encoding="utf-8")
