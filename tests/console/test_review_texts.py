"""The review page in both its languages."""

import re
from pathlib import Path

import pytest
from flask import Flask
from tests.console.review_client import made, owner, record, verdict

from circleshield.review import texts
from circleshield.review.in_language import in_language


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return made(tmp_path)


def test_in_the_language_of_the_browser(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, verdict(1, action="review"))
    for language, html, title in (
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "拦截记录"),
        ("zh-Hant-TW", "zh-CN", "拦截记录"),
        ("en-GB,zh;q=0.2", "en", "Taken out"),
        ("fr", "en", "Taken out"),
        ("", "en", "Taken out"),
    ):
        page = owner(app, language=language).get("/")
        assert f'<html lang="{html}">' in page
        assert f"<h1>{title}</h1>" in page
    page = owner(app, language="zh").get("/")
    for piece in ("微博", "评分 0.99 ≥ 0.95", "“代理” +3.5", "招募代理 +0.8", "不确定"):
        assert piece in page
    visible = re.sub(r"<[^>]+>", "", re.sub(r"<option.*", "", page))  # platforms keep their names
    assert not set(re.findall(r"[A-Za-z]{3,}", visible)) - {"circleshield"}


def test_texts_are_whole() -> None:
    for key, (english, chinese) in texts.TEXTS.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese)), key
        assert re.search(r"[\u3400-\u9fff]", chinese), key
        assert not re.search(r"[\u3400-\u9fff]", english), key
    folder = Path(texts.__file__).parent
    used = {
        key
        for file in (folder / "templates").iterdir()
        for key in re.findall(r"\bt\('(\w+)'(?! \+)", file.read_text(encoding="utf-8"))
    }
    assert used <= texts.TEXTS.keys()


def test_reasons() -> None:
    assert in_language("en", "author allowed at your wish") == "author allowed at your wish"
    assert in_language("zh", "author allowed at your wish") == "你已放行此作者"
    assert in_language("zh", "call to action +1.2") == "催促行动 +1.2"
    assert in_language("zh", "score 0.97 ≥ 0.95 (text 0.80)") == "评分 0.97 ≥ 0.95（正文 0.80）"
    assert in_language("zh", "7 of 9 earlier posts were sales +0.8") == "此前 9 条中有 7 条推广 +0.8"
    assert in_language("zh", "something new +1.2") == "something new +1.2"
