"""A server that fails: asked again or said in one line, with nothing lost that was answered."""

import asyncio
import importlib.util
import json
import threading
from contextlib import suppress
from functools import partial
from itertools import pairwise

import openai_server
import pytest
from openai_server import MODEL, ROWS, aborted, dropped, failure, half, said, sample, serving, unended
from small_rows import keyed, read

from reins.eval.io.errors import InputError
from reins.eval.sample import connection as connection_module

without_socksio = pytest.mark.skipif(
    importlib.util.find_spec("socksio") is not None, reason="the client speaks SOCKS here"
)


@pytest.fixture
def waits(monkeypatch):
    """The seconds that were waited for, which pass at once."""
    waited, sleep = [], asyncio.sleep

    async def no_time(seconds):
        waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(connection_module.asyncio, "sleep", no_time)
    return waited


@pytest.mark.parametrize(
    "fault",
    [
        failure(429, "slow down"),
        failure(500, "out of memory"),
        failure(503, "loading"),
        dropped,
        half,
        unended,
        aborted,
        partial(aborted, reason="network_error"),  # GLM's
        failure(200, "upstream"),
    ],
)
def test_a_server_that_fails_is_asked_again_and_nothing_is_lost(server, few, tmp_path, waits, fault):
    whole = keyed(sample(server, few, tmp_path / "whole"))
    server.posted.clear()
    server.faults = [fault] * 3
    assert keyed(sample(server, few, tmp_path / "failing")) == whole
    assert len(server.posted) == ROWS + 3 and len(waits) == 3


def test_waits_grow_and_the_servers_own_wait_is_kept_to(server, few, tmp_path, waits):
    server.faults = [failure(500, "no")] * 4 + [failure(429, "no", Retry_After="30")]
    sample(server, few, tmp_path / "out", settings={"concurrency": 1})
    assert waits[4] == 30 and all(1.6 * a <= b <= 2.5 * a for a, b in pairwise(waits[:4]))
    assert waits[0] >= connection_module.FIRST_WAIT and waits[3] >= 8 * connection_module.FIRST_WAIT
    server.faults = [failure(429, "no", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")]
    sample(server, few, tmp_path / "past", settings={"concurrency": 1})
    assert 0 < waits[5] < 2 * connection_module.FIRST_WAIT
    server.faults = [failure(429, "no", Retry_After="1")] * 5
    sample(server, few, tmp_path / "short", settings={"concurrency": 1})
    assert (
        waits[6] == 1
        and all(wait >= 1 for wait in waits[6:])
        and waits[10] >= 16 * connection_module.FIRST_WAIT
    )


def test_a_limit_of_requests_is_waited_for_though_its_words_name_billing(server, few, tmp_path, waits):
    gemini = "You exceeded your current quota, please check your plan and billing details. insufficient_quota"
    server.faults = [failure(429, gemini)] * 3
    assert len(read(sample(server, few, tmp_path / "out"))) == ROWS and len(waits) == 3


@pytest.mark.parametrize(
    "error", [{"type": "insufficient_quota"}, {"type": "user_error", "code": "billing_hard_limit_reached"}]
)
def test_a_quota_that_is_used_up_is_not_waited_for(server, few, tmp_path, waits, error):
    body = {"error": {"message": "Check your plan.", **error}}
    server.faults = [lambda handler: handler.send(429, body)] * ROWS
    with pytest.raises(InputError, match="429 Too Many Requests .Check your plan"):
        sample(server, few, tmp_path / "out", settings={"concurrency": 1})
    assert len(server.posted) == 1 and not waits


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (failure(503, "gone fishing"), "503 Service Unavailable (gone fishing)"),
        (failure(429, "come tomorrow", Retry_After="86400"), "asks to wait 86400 s"),
        (dropped, "the connection was lost"),
    ],
)
def test_a_server_that_stays_away_is_one_line_and_the_next_call_goes_on(
    server, few, tmp_path, waits, fault, line
):
    whole = keyed(sample(server, few, tmp_path / "whole"))
    server.posted.clear()
    good = server.reply
    left = iter(range(5))

    def stops_after_five(body):
        if next(left, None) is None:
            server.faults = [fault] * 100
        return good(body)

    server.reply = stops_after_five
    one_by_one = {"concurrency": 1}
    with pytest.raises(InputError) as error:
        sample(server, few, tmp_path / "out", settings=one_by_one)
    assert (
        line in str(error.value) and "\n" not in str(error.value) and "goes on from there" in str(error.value)
    )
    assert not (tmp_path / "out/responses.jsonl").exists()
    kept = len((tmp_path / "out/responses.partial-0.jsonl").read_text().splitlines())
    assert kept == 6
    server.faults, server.reply = [], good
    server.posted.clear()
    assert keyed(sample(server, few, tmp_path / "out", settings=one_by_one)) == whole
    assert len(server.posted) == ROWS - kept


def test_what_was_under_way_when_a_row_is_refused_is_kept(server, few, tmp_path):
    good, both_here = server.reply, threading.Barrier(2)

    def too_long(body):
        both_here.wait(timeout=20)
        return good(body)

    server.reply = too_long
    server.faults = [failure(400, "prompt is too long")]
    with pytest.raises(InputError, match=r"test-00000\d: .*400 Bad Request \(prompt is too long\)"):
        sample(server, few, tmp_path / "out", settings={"concurrency": 3})
    assert len(read(tmp_path / "out/responses.partial-0.jsonl")) == 2 and len(server.posted) == 3


def test_no_more_and_no_fewer_are_asked_at_once_than_the_recipe_says(server, few, tmp_path):
    good, too_many, lock = server.reply, threading.Event(), threading.Lock()
    at_work, most = [0], [0]

    def counted(body):
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        if most[0] > 3:
            too_many.set()
        too_many.wait(timeout=0.3)  # for others to come
        with lock:
            at_work[0] -= 1
        return good(body)

    server.reply = counted
    sample(server, few, tmp_path / "out", settings={"concurrency": 3})
    assert most == [3]


def test_a_wrong_model_name_is_one_line_at_once(server, few, tmp_path, waits, capsys):
    with pytest.raises(InputError) as error:
        sample(server, few, tmp_path / "out", model="served-modle")
    assert "no model 'served-modle'" in str(error.value) and f"did you mean '{MODEL}'?" in str(error.value)
    assert not waits and len(server.posted) <= 8
    assert "does not list 'served-modle'" in capsys.readouterr().err
    assert read(sample(server, few, tmp_path / "out")), "what nothing was made by does not stand in the way"


def test_a_server_that_is_not_there_is_one_line_at_once(few, tmp_path, waits):
    with serving(lambda body: said("")) as server:
        pass
    with pytest.raises(InputError, match="nothing answers there .*; start the server, or mend base_url"):
        sample(server, few, tmp_path / "out")
    assert not waits and not (tmp_path / "out").exists()


KEY = "c2VjcmV0/a2V5+&x"  # of base64 letters and more
REPEATED = {
    "as it is": f'{{"reason": "bad key {KEY}"}}',
    "by PHP's JSON": r'{"reason": "bad key c2VjcmV0\/a2V5+&x"}',
    "by code points": r'{"reason": "bad key c2VjcmV0\u002fa2V5\u002B\u0026x"}',
    "JSON in JSON": r'{"reason": "{\"key\": \"c2VjcmV0\\\/a2V5+\\u0026x\"}"}',
    "in an address": "no /check?key=c2VjcmV0%2Fa2V5%2b%26x here",
    "in HTML": "<p>bad key c2VjcmV0&#x2F;a2V5&#43;&amp;x</p>",
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_key_that_a_server_repeats_in_another_spelling_is_not_shown(
    server, few, tmp_path, monkeypatch, waits, name
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.faults = [lambda handler: handler.send_text(401, REPEATED[name])] * ROWS
    with pytest.raises(InputError, match=r"401 Unauthorized \(.*\*\*\*") as error:
        sample(server, few, tmp_path / "out", settings={"concurrency": 1})
    assert "c2Vj" not in str(error.value) and "a2V5" not in str(error.value)


SOCKS, CERTIFICATES = "needs socksio; pip install socksio", "no certificates can be read there"


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        pytest.param("ALL_PROXY", "socks5://u:hunter2@localhost:1080", SOCKS, marks=without_socksio),
        ("all_proxy", "socks4://u:hunter2@localhost:1080", "is no address of a proxy; name one as http://"),
        ("HTTP_PROXY", "ftp://u:hunter2@localhost", "is no address of a proxy"),
        ("HTTPS_PROXY", "http://u:hunter2@localhost:80a", "is no address of a proxy"),
        ("SSL_CERT_FILE", "/nowhere/certificates.pem", f"{CERTIFICATES} (No such file or directory)"),
    ],
)
def test_surroundings_of_no_use_are_named_before_anything_is_sent(
    server, few, tmp_path, monkeypatch, name, value, line
):
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError) as error:
        sample(server, few, tmp_path / "out")
    assert str(error.value).startswith(f"{name}: ") and line in str(error.value)
    assert "hunter2" not in str(error.value) and "\n" not in str(error.value)
    assert not server.asked_for_models and not (tmp_path / "out").exists()


def test_a_list_of_models_that_cannot_be_decoded_is_one_line(server, few, tmp_path, monkeypatch):
    def garbled(handler):
        handler.send(200, {}, {"Content-Encoding": "gzip"})

    monkeypatch.setattr(openai_server.Handler, "do_GET", garbled)
    with pytest.raises(InputError, match="http://.*: its answer cannot be decoded .*; mend what is between"):
        sample(server, few, tmp_path / "out")
    assert not server.posted and not (tmp_path / "out").exists()


def test_a_server_that_lists_no_models_is_asked_all_the_same(server, few, tmp_path):
    server.models = None
    assert len(read(sample(server, few, tmp_path / "out"))) == ROWS


def test_finished_responses_need_no_server(server, few, tmp_path):
    before = sample(server, few, tmp_path / "out").read_bytes()
    server.posted.clear()
    server.asked_for_models = 0
    assert sample(server, few, tmp_path / "out").read_bytes() == before
    assert not server.posted and not server.asked_for_models


def silent(handler, never):
    never.wait(timeout=60)


def dribbling(handler, never):
    """Blank lines, as some gateways keep a connection open by, before an answer that is long in coming."""
    lines = 30
    answer = json.dumps(said("late")).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(lines + len(answer)))
    handler.end_headers()
    with suppress(OSError):  # the client has gone
        for line in [b"\n"] * lines + [answer]:
            handler.wfile.write(line)
            never.wait(timeout=0.1)


@pytest.mark.parametrize("slow", [silent, dribbling])
def test_a_reply_that_takes_too_long_is_asked_for_twice_and_said_in_one_line(
    server, few, tmp_path, waits, slow
):
    never = threading.Event()
    server.faults = [lambda handler: slow(handler, never)] * 2
    with pytest.raises(
        InputError, match=r"no answer within 0.5 s \(a longer timeout, or less concurrency, may help"
    ):
        sample(server, few, tmp_path / "out", settings={"concurrency": 1, "timeout": 0.5})
    never.set()
    assert len(server.posted) == 2 and len(waits) == 1
