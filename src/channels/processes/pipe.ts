/**
 * Channels over pipes: both ways over a pipe that a child was given at its start, and one way over a POSIX FIFO,
 * a pipe with a name in the file system. It opens them and hands over a channel.
 */
import { execFile } from 'node:child_process'
import { close as closeFile, constants, fstat, open as openFile } from 'node:fs'
import { Socket } from 'node:net'
import { promisify } from 'node:util'

import { untilAborted } from '../../base/abort.ts'
import type { Timer } from '../../base/ports.ts'
import { NodeConnection } from '../../node/connection.ts'
import {
  ChannelMisuse,
  ChannelTimeout,
  type Ports,
  type SelectableReceiver,
  type SelectableSender,
  type Sendable,
  type WaitOptions,
} from '../contract.ts'
import type { ProcessChannelStats } from './carrier.ts'
import { FifoReader, FifoWriter } from './fifo-carriers.ts'
import { Link } from './link.ts'
import { openLink } from './open-link.ts'
import type { ProcessChannel } from './process-channel.ts'
import { channelOf, helloOf, type SocketOptions } from './settings.ts'

export interface PipeOptions<T extends Sendable> extends SocketOptions<T> {
  /** The parent listens and its child connects: who speaks first has to be settled. */
  readonly side: 'listening' | 'connecting'
  readonly signal?: AbortSignal
}

/**
 * A channel over a pipe that this process has to another: `child.stdio[3]` of a child that was spawned with
 * `'pipe'` in that place, and `new Socket({ fd: 3 })` in the child.
 */
export function pipeChannel<T extends Sendable>(
  pipe: Socket,
  options: PipeOptions<T>,
  ports: Ports,
): Promise<ProcessChannel<T>> {
  const { side, signal, name = 'pipe' } = options
  const hello = helloOf(options)
  const { purpose } = hello
  const link = new Link({
    ports,
    connection: new NodeConnection(pipe, name),
    hello,
    side,
    admit: (theirs) => (theirs.purpose === purpose ? null : `this is '${purpose}'`),
  })
  return openLink(link, signal, () => channelOf<T>(link, { name, ...options }, ports))
}

export interface FifoOptions<T extends Sendable> extends SocketOptions<T>, WaitOptions {}

/** What an end of a FIFO tells besides what it carries. */
interface FifoEnd extends AsyncDisposable {
  stats(): ProcessChannelStats
  /** Resolves when the pipe is closed: with what it was lost of, or `null`. */
  gone(options?: WaitOptions): Promise<Error | null>
}

export interface FifoSender<T extends Sendable> extends SelectableSender<T>, FifoEnd {}

export interface FifoReceiver<T extends Sendable> extends SelectableReceiver<T>, FifoEnd {
  /** Takes nothing more; for the writer that is a loss. */
  close(): void
}

/** Makes the FIFO, for this user alone. One that is there already will do. */
export async function makeFifo(path: string): Promise<void> {
  refuseWindows()
  await promisify(execFile)('mkfifo', ['-m', '600', path]).catch(async (cause: Error) => {
    // Opening for reading never waits, and says whether it is a FIFO.
    const open = openEnd(path, constants.O_RDONLY).catch((error: unknown) => {
      if (error instanceof ChannelMisuse) throw error
      throw new Error(`there is no FIFO at ${path}, and none can be made`, { cause })
    })
    await closeFd(await open)
  })
}

/** The writing end: opens when there is a reader. One process writes, one reads. */
export async function fifoSender<T extends Sendable>(
  path: string,
  options: FifoOptions<T>,
  ports: Ports,
): Promise<FifoSender<T>> {
  const fd = await openWriting(path, options, ports)
  const socket = new Socket({ fd, readable: false, writable: true })
  const carrier = new FifoWriter(new NodeConnection(socket, path), helloOf(options), ports)
  const channel = channelOf<T>(carrier, { name: path, ...options }, ports)
  carrier.start()
  return channel
}

/** The reading end: opens at once, and waits for a writer when something is asked for. */
export async function fifoReceiver<T extends Sendable>(
  path: string,
  options: SocketOptions<T>,
  ports: Ports,
): Promise<FifoReceiver<T>> {
  refuseWindows()
  const fd = await openEnd(path, constants.O_RDONLY)
  const socket = new Socket({ fd, readable: true, writable: false })
  const carrier = new FifoReader(new NodeConnection(socket, path), helloOf(options), ports)
  const channel = channelOf<T>(carrier, { name: path, ...options }, ports)
  carrier.start()
  return channel
}

/** Between two looks for a reader. A FIFO has no way to tell when one comes that does not block a thread. */
const readerLookMs = 20

async function openWriting(
  path: string,
  { signal, timeoutMs = Number.POSITIVE_INFINITY }: WaitOptions,
  ports: Ports,
): Promise<number> {
  refuseWindows()
  signal?.throwIfAborted()
  const untilMs = ports.clock.monotonicMs() + timeoutMs
  for (;;) {
    try {
      return await openEnd(path, constants.O_WRONLY)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error
    }
    if (ports.clock.monotonicMs() >= untilMs) throw new ChannelTimeout(timeoutMs)
    await untilAborted<void>(signal, (resolve) => {
      const timer: Timer = ports.scheduler.after(readerLookMs, resolve)
      return () => timer.cancel()
    })
  }
}

/** Opens without waiting for the other side, which would hold one of the few threads that serve all files. */
async function openEnd(path: string, access: number): Promise<number> {
  const fd = await promisify(openFile)(path, access | constants.O_NONBLOCK)
  const stats = await promisify(fstat)(fd)
  if (stats.isFIFO()) return fd
  await closeFd(fd)
  throw new ChannelMisuse(`${path} is no FIFO`)
}

const closeFd = promisify(closeFile)

function refuseWindows(): void {
  if (process.platform === 'win32') {
    throw new ChannelMisuse('Windows has no FIFO: its named pipes are what listenChannel takes')
  }
}
