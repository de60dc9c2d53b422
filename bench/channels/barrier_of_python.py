"""Python's own barrier between threads: what the barriers are compared with."""

import json
import resource
import sys
import threading
import time

SECONDS = 3.0


def main() -> None:
    parties = int(sys.argv[1])
    barrier = threading.Barrier(parties)
    rounds = 0
    start = time.perf_counter()
    going = True

    def party() -> None:
        nonlocal rounds, going
        while going:
            if barrier.wait() == 0:
                rounds += 1
                going = time.perf_counter() - start < SECONDS
            barrier.wait()

    threads = [threading.Thread(target=party) for _ in range(parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "operations": rounds * 2,
        "seconds": seconds,
        "cpuSeconds": usage.ru_utime + usage.ru_stime,
        "peakRssBytes": usage.ru_maxrss * 1024,
    }))


main()
