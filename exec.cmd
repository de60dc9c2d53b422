@rem Scripts of package.json say `exec node ...`: a POSIX shell then becomes Node, so that a signal reaches it.
@rem Windows has no such word and finds this file instead, which just runs what follows.
@%*
