"""The seed corpus: size, balance, no near-duplicates."""

from collections import Counter, defaultdict

import pytest

from circleshield_training.samples import SEED, Sample, read_all, read_seed


@pytest.fixture(scope="module")
def seed() -> list[Sample]:
    return read_seed()


def test_size_and_balance(seed: list[Sample]) -> None:
    labels = Counter(s.spam for s in seed)
    assert len(seed) >= 6000
    assert labels[True] >= 3000
    assert labels[False] >= 3000
    assert 0.45 < labels[True] / len(seed) < 0.55
    english = sum(s.lang == "en" for s in seed) / len(seed)
    assert 0.28 < english < 0.40
    assert all(s.lang in ("zh", "en") for s in seed)


def test_variety(seed: list[Sample]) -> None:
    assert len({s.kind for s in seed if s.spam}) >= 30
    assert all(s.author and s.kind for s in seed)
    by_author = Counter((s.author, s.spam) for s in seed)
    assert max(by_author.values()) <= 40


def test_one_label_a_text() -> None:
    rows = [s for file in sorted(SEED.glob("*.jsonl")) for s in read_all([file])]
    assert len({s.text for s in rows}) == len(rows)


def grams(text: str) -> frozenset[str]:
    """Character 5-grams without spaces."""
    close = "".join(text.lower().split())
    return frozenset(close[i : i + 5] for i in range(len(close) - 4)) or frozenset({close})


def test_no_two_are_near_duplicates(seed: list[Sample]) -> None:
    """Jaccard of 5-grams under 0.5. Two sets with that much in common share one of the rarest half of either's."""
    sets = [grams(s.text) for s in seed]
    frequency = Counter(g for found in sets for g in found)
    seen: defaultdict[str, list[int]] = defaultdict(list)
    near = []
    for i, found in enumerate(sets):
        rarest = sorted(found, key=lambda g: (frequency[g], g))[: len(found) // 2 + 1]
        for j in {j for g in rarest for j in seen[g]}:
            shared = len(found & sets[j])
            if shared / (len(found) + len(sets[j]) - shared) >= 0.5:
                near.append((seed[i].text, seed[j].text))
        for g in rarest:
            seen[g].append(i)
    assert near == []
