/**
 * Preloaded into a Node server under test (`node --import`): reports what the server uses, its event loop
 * included, to the process that started it. It never keeps the server alive.
 */
import { type LoopWatch, OwnProbe } from './usage.ts'

/** What the starter may say. Each is answered by one message: `{}` or a usage. */
export type ServerCall =
  | { readonly kind: 'bench-begin'; readonly loop: LoopWatch }
  | { readonly kind: 'bench-end' }

const probe = new OwnProbe()

async function answer(call: ServerCall): Promise<void> {
  if (call.kind === 'bench-begin') {
    await probe.begin(call.loop)
    process.send?.({ kind: 'bench-begun' })
  } else if (call.kind === 'bench-end') {
    process.send?.({ kind: 'bench-ended', usage: await probe.end() })
  }
}

process.on('message', (message) => {
  void answer(message as ServerCall)
})
process.channel?.unref()
