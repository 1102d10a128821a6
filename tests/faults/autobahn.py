"""Runs Autobahn cases and prints the verdicts as JSON. A process of its own, because the cases patch their interpreter.

python -m tests.faults.autobahn ws://127.0.0.1:8000/vortex '["1.*"]' '["9.*"]'      against who listens there
python -m tests.faults.autobahn listen '["1.*"]' '["9.*"]'                          against who dials; prints the port first
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from kosoku import FailureError, run_fuzzingclient, run_fuzzingserver

AT_A_TIME = 8


async def verdicts(url: str, cases: list[str], but_not: list[str]) -> dict[str, dict[str, object]]:
    """What Autobahn says of each case: of what was said and of how it was closed."""
    try:
        if url == "listen":
            async with run_fuzzingserver(cases, but_not, host="127.0.0.1", port=0) as server:
                tell(str(server.port))
                results = await server.get_result()
        else:
            results = await run_fuzzingclient(url, cases, but_not, concurrency=AT_A_TIME)
    except FailureError as failure:
        results = failure.results
    return {
        result.case_id: {
            "said": result.behavior.value,
            "closed": result.behavior_close.value,
            "clean": result.was_clean,
            "why": f"{result.result} {result.result_close} {result.received!r}"[:300],
        }
        for result in results
    }


def tell(line: str) -> None:
    """Say something to whoever started this."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    url, cases, but_not = sys.argv[1:]
    tell(json.dumps(asyncio.run(verdicts(url, json.loads(cases), json.loads(but_not)))))
    os._exit(0)  # its threads do not always survive the end of the interpreter
