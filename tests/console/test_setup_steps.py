from circleshield.setup_steps import HEADINGS, LANGUAGES, PAC_NOTE, SYSTEMS, TUNNEL, TUNNEL_UNDO, Ways

WAYS = Ways("fd12::5", 8080, "circleshield 2026-11-22 abcdef")


def test_every_step_can_be_said_in_both_languages() -> None:
    texts = [*HEADINGS.values(), PAC_NOTE, *TUNNEL, TUNNEL_UNDO, *(title for title, _ in WAYS.codes(SYSTEMS))]
    for system in SYSTEMS.values():
        texts += [*system.trust, *system.proxy, *system.undo]
    for text in texts:
        english, chinese = (WAYS.say(text, language) for language in LANGUAGES)
        assert english.isascii() or not any("\u4e00" <= character <= "\u9fff" for character in english)
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese)
        assert "{" not in english + chinese


def test_every_system_says_where_its_certificate_and_proxy_go_and_how_to_undo_both() -> None:
    for system in SYSTEMS.values():
        for language in LANGUAGES:
            trust, proxy, undo = (
                " ".join(WAYS.say(text, language) for text in part)
                for part in (system.trust, system.proxy, system.undo)
            )
            assert "http://[fd12::5]:8080/setup" in trust
            assert "http://[fd12::5]:8080/proxy.pac" in proxy
            assert len(undo) > 20
