"""Python's own bounded queue between two processes: what the channel between processes is compared with."""

import json
import multiprocessing
import resource
import sys
import time

SECONDS = 3.0
BATCH = 1000


def produce(values, size: int) -> None:
    text = "x" * size
    while True:
        values.put(text)


def main() -> None:
    values = multiprocessing.Queue(int(sys.argv[1]))
    producer = multiprocessing.Process(target=produce, args=(values, int(sys.argv[2])), daemon=True)
    producer.start()
    values.get()
    received = 0
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        for _ in range(BATCH):
            values.get()
        received += BATCH
    seconds = time.perf_counter() - start
    producer.kill()
    producer.join()
    own = resource.getrusage(resource.RUSAGE_SELF)
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({
        "operations": received,
        "seconds": seconds,
        "cpuSeconds": own.ru_utime + own.ru_stime + child.ru_utime + child.ru_stime,
        "peakRssBytes": (own.ru_maxrss + child.ru_maxrss) * 1024,
    }))


main()
