/** The tasks that the tests of real pools run: harmless ones, and ones that kill their worker in every way. */
import { appendFileSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'
import { isMainThread, threadId } from 'node:worker_threads'

import type { SetupContext } from '../../src/pool/mod.ts'
import { type Moved, transfer } from '../../src/pool/transfer.ts'

interface TestSetup {
  readonly log?: string
  readonly setup?: 'throws' | 'exits' | 'hangs'
}

let context: SetupContext | null = null
let setups = 0
const leak: unknown[] = []

export async function setup(given: SetupContext): Promise<void> {
  context = given
  setups += 1
  const { setup: how } = (given.data ?? {}) as TestSetup
  if (how === 'throws') throw Object.assign(new RangeError('no setup'), { code: 'E_SETUP' })
  if (how === 'exits') process.exit(7)
  if (how === 'hangs') await new Promise(() => setInterval(() => undefined, 1_000))
}

export async function teardown(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5))
  log(`teardown ${context?.workerId}`)
}

/** Writes a line that survives the worker. */
export function log(line: string): void {
  const { log: path } = (context?.data ?? {}) as TestSetup
  if (path !== undefined) appendFileSync(path, `${line}\n`)
}

export function add(left: number, right: number): number {
  return left + right
}

export function same<T>(value: T): T {
  return value
}

export async function later<T>(value: T): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, 5))
  return value
}

export function whoAmI(): { pid: number; threadId: number; isMainThread: boolean; setups: number } {
  return { pid: process.pid, threadId, isMainThread, setups }
}

export function seenAtSetup(): SetupContext | null {
  return context
}

export function countLetters(text: string): number {
  return text.length
}

export class PaymentError extends RangeError {
  override readonly name = 'PaymentError'
  readonly code = 'E_PAYMENT'
  readonly amount: number
  constructor(amount: number, options?: ErrorOptions) {
    super(`cannot pay ${amount}`, options)
    this.amount = amount
  }
}

export function pay(amount: number): never {
  throw new PaymentError(amount, { cause: new TypeError('no card') })
}

export async function throwLater(value: unknown): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, 1))
  throw value
}

export function giveFunction(): () => void {
  return () => undefined
}

export function throwFunction(): never {
  throw () => undefined
}

export function exit(code: number): never {
  process.exit(code)
}

export function killSelf(): never {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

export function forever(): never {
  for (;;);
}

export async function sleepForever(): Promise<never> {
  return await new Promise(() => setInterval(() => undefined, 1_000))
}

/** Breaks the worker outside of any task, so soon after this one. */
export function breakLater(ms: number): string {
  setTimeout(() => {
    throw new SyntaxError('broken outside')
  }, ms)
  return 'for now'
}

export function rejectNowhere(): string {
  void Promise.reject(new SyntaxError('nobody catches this'))
  return 'for now'
}

/** Answers, and is dead before the next macrotask. */
export function answerAndExit(value: string): string {
  setImmediate(() => process.exit(5))
  return value
}

/** Its items say what to do; each that is begun is logged. */
export function mark(item: { n: number; deed: 'pass' | 'throw' | 'exit' }): number {
  log(`${item.n}`)
  if (item.deed === 'throw') throw new RangeError(`thrown ${item.n}`)
  if (item.deed === 'exit') process.exit(3)
  return item.n
}

export function grow(megabytes: number): number {
  leak.push(new Uint8Array(megabytes * 2 ** 20).fill(1))
  return leak.length
}

export function heapLimitMegabytes(): number {
  return getHeapStatistics().heap_size_limit / 2 ** 20
}

export function hoard(): never {
  for (;;) leak.push(piece(leak.length))
}

/** A call to JavaScript: in a loop of nothing but built-ins Node 24 and 26 do not stop a thread in time. */
function piece(value: number): number[] {
  const values: number[] = []
  for (let count = 0; count < 1_000; count++) values.push(value)
  return values
}

export function sum(buffer: ArrayBuffer): number {
  return new Uint8Array(buffer).reduce((total, byte) => total + byte, 0)
}

export function make(size: number): Moved<ArrayBuffer> {
  const buffer = new Uint8Array(size).fill(7).buffer
  return transfer(buffer, [buffer])
}

export function spin(ms: number): number {
  const end = performance.now() + ms
  while (performance.now() < end);
  return ms
}
