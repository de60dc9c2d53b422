"""Python's own bounded queue between two threads: what the channel of one process is compared with."""

import json
import queue
import resource
import sys
import threading
import time

SECONDS = 3.0
BATCH = 1000


def main() -> None:
    values: queue.Queue = queue.Queue(maxsize=int(sys.argv[1]))
    received = 0

    def consume() -> None:
        nonlocal received
        while values.get() is not None:
            received += 1

    consumer = threading.Thread(target=consume)
    consumer.start()
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        for value in range(BATCH):
            values.put(value)
    values.put(None)
    consumer.join()
    seconds = time.perf_counter() - start
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "operations": received,
        "seconds": seconds,
        "cpuSeconds": usage.ru_utime + usage.ru_stime,
        "peakRssBytes": usage.ru_maxrss * 1024,
    }))


main()
