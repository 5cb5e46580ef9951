import asyncio
import threading

from serving.operations.background import repeating


def test_repeating_finishes_the_round_that_is_under_way():
    """Otherwise what it reads from would be closed under its hands."""
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def chore() -> None:
        begun.set()
        may_end.wait(10)
        ended.set()

    async def run() -> bool:
        async with repeating(chore, 60):
            await asyncio.to_thread(begun.wait, 10)
            asyncio.get_running_loop().call_later(0.05, may_end.set)
        return ended.is_set()

    assert asyncio.run(run())
