"""The demo's progress: news at most once a second, a sign of life every five."""

from console.demo.ticker import Ticker


def test_news_is_told_at_most_once_a_second_and_silence_lasts_five_at_most():
    moments = iter([0.0, 0.0, 0.4, 1.2, 2.0, 6.0, 6.2, 6.3])
    told: list[str] = []
    ticker = Ticker(told.append, lambda: next(moments))

    for line in ("reading", "10 %", "20 %", "20 %", "20 %", "20 %", "30 %"):
        ticker(line)

    assert told == ["    0 s  reading", "    1 s  20 %", "    6 s  20 %"]
