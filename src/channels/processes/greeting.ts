/** What a first frame means: who comes in, who is refused and why, and what is no greeting at all. Pure. */
import { Fault } from '../../base/fault.ts'
import { FRAME } from './frame.ts'
import { decodeHello, type Hello } from './hello.ts'

export type Verdict =
  | { readonly kind: 'welcome'; readonly hello: Hello }
  | { readonly kind: 'refuse'; readonly why: string }

/** Who comes to a listening side; `admit` answers `null`, or why not. Throws a Fault at what is no hello. */
export function judgeVisitor(
  type: number,
  body: Uint8Array,
  admit: (hello: Hello) => string | null,
): Verdict {
  if (type !== FRAME.hello) throw new Fault('frame-type', `a frame of type ${type} as greeting`)
  try {
    const hello = decodeHello(body)
    const why = admit(hello)
    return why === null ? { kind: 'welcome', hello } : { kind: 'refuse', why }
  } catch (error) {
    // Whoever speaks another version of this deserves a reason; whoever speaks something else, nothing.
    if (!(error instanceof Fault && error.code === 'version')) throw error
    return { kind: 'refuse', why: error.message }
  }
}

/** What a connecting side is told. Throws the Fault `refused` with the other side's reason. */
export function hearAnswer(type: number, body: Uint8Array): Hello {
  if (type === FRAME.refuse) throw new Fault('refused', new TextDecoder().decode(body))
  if (type !== FRAME.hello) throw new Fault('frame-type', `a frame of type ${type} as greeting`)
  return decodeHello(body)
}
