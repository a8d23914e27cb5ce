"""A fake OpenAI: a real HTTP server on loopback that speaks chat completions, streamed or not, and moderations, misbehaves on demand, and
keeps an exact bill.

    with FakeOpenAI([rate_limited(), answers()]) as fake:
        model = LangChainChatModel("openai:gpt-5-mini", base_url=fake.url, api_key="test")
        ...
        assert fake.charged() == the_ledgers_sum

Each chat request takes the next behaviour of the script; the last one goes on for ever. `requests`, `headers` and `paths` hold what was
asked, `served` what was given and is charged, also at GET /bill (not below /v1). `open` counts the requests that are being answered.

What is charged: a reply with status 200, whole where its last word was sent, else its input and the pieces sent so far; an error, a
moderation and a page in between cost nothing. `python -m tests.fake_openai` runs it alone.
"""

from tests.fake_openai.behaviour import (
    Behaviour,
    Fault,
    answers,
    as_it_is,
    chooses_nothing,
    contradicts_itself,
    cut_after,
    fails,
    fails_after,
    filtered,
    garbled_after,
    hangs_up,
    in_german,
    lasts,
    never_closes,
    never_ends,
    pauses,
    rate_limited,
    refuses,
    says_nothing_of_usage,
    serves_a_page,
    slowly,
    stalls,
    stops_at_length,
    tells_no_details,
    torn_after,
    trickles,
)
from tests.fake_openai.bill import Served
from tests.fake_openai.replies import claims, first_sentence, german_sentence, passages, prompt_of
from tests.fake_openai.server import FakeOpenAI
from tests.fake_openai.shapes import pieces, pieces_until

__all__ = [
    "Behaviour", "FakeOpenAI", "Fault", "Served", "answers", "as_it_is", "chooses_nothing", "claims", "contradicts_itself",
    "cut_after", "fails", "fails_after", "filtered", "first_sentence", "garbled_after", "german_sentence", "hangs_up", "in_german",
    "lasts", "never_closes", "never_ends", "passages", "pauses", "pieces", "pieces_until", "prompt_of", "rate_limited", "refuses",
    "says_nothing_of_usage", "serves_a_page", "slowly", "stalls", "stops_at_length", "tells_no_details", "torn_after", "trickles",
]  # fmt: skip
