"""Python's own pool of processes: what the pool of processes is compared with."""

import json
import multiprocessing
import resource
import sys
import time

SECONDS = 3.0
BATCH = 5000


def increment(value: int) -> int:
    return value + 1


def main() -> None:
    how = sys.argv[1]
    workers = int(sys.argv[2])
    done = 0
    with multiprocessing.Pool(workers) as pool:
        for _ in pool.imap(increment, range(BATCH)):
            pass
        start = time.perf_counter()
        while time.perf_counter() - start < SECONDS:
            if how == "imap":
                for value in pool.imap(increment, range(BATCH), chunksize=1):
                    done += 1
            else:
                done += len(pool.map(increment, range(BATCH * 100)))
        seconds = time.perf_counter() - start
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({
        "operations": done,
        "seconds": seconds,
        "cpuSeconds": sum(usage.ru_utime + usage.ru_stime for usage in usages),
        "peakRssBytes": sum(usage.ru_maxrss for usage in usages) * 1024,
    }))


if __name__ == "__main__":
    main()
