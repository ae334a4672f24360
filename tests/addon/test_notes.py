"""What a fold's note keeps of its post."""

import gc
import weakref

from circleshield_addon.judge import Judge
from circleshield_addon.notes import Notes
from circleshield_addon.post import Post, Verdict
from circleshield_addon.settings import Filter, Settings
from circleshield_model.scorer import Scorer


class _Reasons:
    """As those of a judged page, which hold on to all its texts."""

    def __call__(self) -> tuple[str, ...]:
        return ("“代理” +3.5",)


def test_a_note_keeps_its_own_post_and_not_the_page_around_it() -> None:
    notes, reasons = Notes(), _Reasons()
    page = weakref.ref(reasons)
    link = notes.note("weibo", Verdict(Post("1", "7", "n", "招代理", ad=False), 0.99, "fold", ("score",), reasons)).link
    del reasons
    gc.collect()
    assert page() is None
    assert "score; “代理” +3.5" in (notes.page(link.removeprefix("http://circle.shield")) or "")


def test_reasons_of_a_judged_page() -> None:
    judge = Judge(Scorer.load(), Settings(filter=Filter(action="fold")))
    ads = ["诚招代理，零门槛，月入过万，加微信 qj88201", "面膜今晚下单买三送一，一件也是批发价，加微信拿货"]
    notes = Notes()
    found = [
        notes.note("weibo", verdict)
        for verdict in judge.verdicts([Post(str(n), "7", "n", text, ad=False) for n, text in enumerate(ads)])
    ]
    pages = [notes.page(note.link.removeprefix("http://circle.shield")) or "" for note in found]
    assert "代理" in pages[0].partition("<hr>")[2]
    assert "代理" not in pages[1].partition("<hr>")[2]
