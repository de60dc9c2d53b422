/**
 * Settings are what the declaration of a queue or a stream may say beside its first fields. One that nobody set takes
 * no byte; one that its reader does not know is refused, because what it asks for would not be kept. So a later one has
 * a tag of its own, and needs no new form.
 *
 *   settings = count:u8 (tag:u8 size:u8 value)*     ascending by tag
 *   1 durability         mode:u8                    1 fsync 2 os 3 memory; without it the broker's own
 *   2 time to live       ms:u53                     of a queue's messages; without it as each message says
 */
import { Fault } from '../base/fault.ts'
import type { Reader } from '../base/reader.ts'
import type { Writer } from '../base/writer.ts'
import { codeOfDurability, type DeclaredDurability, durabilityOfCode } from './durability.ts'
import { NO_TTL } from './message.ts'

export type Settings = {
  readonly durability: DeclaredDurability
  /** Of a queue; NO_TTL of a stream. */
  readonly messageTtlMs: number
}

export const NO_SETTINGS: Settings = { durability: null, messageTtlMs: NO_TTL }

const DURABILITY = 1
const TIME_TO_LIVE = 2
const SIZES: Readonly<Record<number, number>> = { [DURABILITY]: 1, [TIME_TO_LIVE]: 8 }

export function writeSettings(writer: Writer, { durability, messageTtlMs }: Settings): void {
  writer.u8((durability === null ? 0 : 1) + (messageTtlMs === NO_TTL ? 0 : 1))
  if (durability !== null) {
    writer.u8(DURABILITY)
    writer.u8(1)
    writer.u8(codeOfDurability(durability))
  }
  if (messageTtlMs !== NO_TTL) {
    writer.u8(TIME_TO_LIVE)
    writer.u8(8)
    writer.u53(messageTtlMs)
  }
}

export function readSettings(reader: Reader, of: 'queue' | 'stream'): Settings {
  let { durability, messageTtlMs } = NO_SETTINGS
  let newest = 0
  for (let left = reader.u8(); left > 0; left--) {
    const [tag, size] = [reader.u8(), reader.u8()]
    const isKnown = SIZES[tag] === size && (tag !== TIME_TO_LIVE || of === 'queue')
    if (!isKnown || tag <= newest) {
      throw new Fault('setting-unknown', `a setting ${tag} of ${size} bytes of a ${of}`)
    }
    newest = tag
    if (tag === TIME_TO_LIVE) messageTtlMs = reader.u53()
    else durability = durabilityIn(reader)
  }
  return { durability, messageTtlMs }
}

function durabilityIn(reader: Reader): DeclaredDurability {
  const code = reader.u8()
  const durability = durabilityOfCode(code)
  if (durability === null) throw new Fault('setting-unknown', `a durability ${code}`)
  return durability
}
