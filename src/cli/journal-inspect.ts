/** `naru journal inspect`: what is in the directory, as a table for people or as JSON lines for programs. */
import {
  type InspectedEntry,
  type InspectedFile,
  type InspectedSnapshot,
  inspectJournal,
} from '../journal/tools/inspect.ts'
import type { InspectPlan } from './journal-plan.ts'
import { megabytes, onDirectory, print } from './journal-tool.ts'

const BODY_BYTES = 48 // what of a body fits the line of its entry

export async function inspect(directory: string, plan: InspectPlan): Promise<void> {
  const { from, limit, lists, form } = plan
  const entries: InspectedEntry[] = []
  const isEager = lists.size === 0
  let last = 0
  const entryLine = form === 'json' ? jsonOfEntry : textOfEntry
  const inspection = await onDirectory(directory, (context) =>
    inspectJournal({ ...context, from, limit, bodyBytes: BODY_BYTES }, (entry) => {
      last = entry.ticket
      // Files and snapshots come first; without them nothing needs to wait.
      if (isEager) print(entryLine(entry))
      else entries.push(entry)
    }),
  )
  const [fileLine, snapshotLine] =
    form === 'json' ? [jsonOfFile, jsonOfSnapshot] : [textOfFile, textOfSnapshot]
  if (lists.has('files')) for (const file of inspection.files) print(fileLine(file))
  if (lists.has('snapshots')) for (const one of inspection.snapshots) print(snapshotLine(one))
  for (const entry of entries) print(entryLine(entry))
  if (form === 'json') return
  if (limit > 0 && inspection.isMore)
    print(`there may be more behind ticket ${last}: --from, --limit`)
  if (inspection.findings > 0) {
    print(`damaged: ${inspection.findings} findings, which 'naru journal verify' tells`)
  }
}

function textOfFile(file: InspectedFile): string {
  const { name, use, bytes, generation, level, dataEnd, live, bodies } = file
  const start = `${name}  ${use.padEnd(9)}  generation ${generation}  ${megabytes(bytes)}`
  if (use === 'spare') return start
  const tickets = `tickets ${file.firstTicket} to ${file.endTicket - 1}`
  const rest = `filled to ${dataEnd}  ${bodies} bodies, ${live} live at the snapshot`
  const state = file.sealed ? 'sealed' : 'last'
  return `${start}  level ${level}  ${state}  ${tickets}  last commit ${file.lastCommit}  ${rest}`
}

function textOfSnapshot(snapshot: InspectedSnapshot): string {
  const { name, bytes, whole, ticket, epoch, startGeneration, files } = snapshot
  if (!whole) return `${name}  damaged  ${megabytes(bytes)}`
  const replay = `replay from generation ${startGeneration}`
  return `${name}  ticket ${ticket}  epoch ${epoch}  ${replay}  ${files} files  ${megabytes(bytes)}`
}

function textOfEntry(entry: InspectedEntry): string {
  const { ticket, file, offset, commit, kind, flags, log, number, size } = entry
  const place = `${file}@${offset}  commit ${commit}`
  const head = `kind ${kind}  flags ${flags}  log ${log}  number ${number}  ${size} bytes`
  return `${ticket}  ${place}  ${head}  ${shown(entry.start, size)}`
}

/** As text where it is one, else in hexadecimal. */
function shown(start: Uint8Array, size: number): string {
  const buffer = Buffer.from(start.buffer, start.byteOffset, start.length)
  const isText = start.every((byte) => byte >= 0x20 && byte < 0x7f)
  const text = isText ? JSON.stringify(buffer.toString('latin1')) : buffer.toString('hex')
  return start.length < size ? `${text}...` : text
}

function jsonOfFile(file: InspectedFile): string {
  return JSON.stringify({ type: 'file', ...file })
}

function jsonOfSnapshot(snapshot: InspectedSnapshot): string {
  return JSON.stringify({ type: 'snapshot', ...snapshot })
}

function jsonOfEntry({ start, ...entry }: InspectedEntry): string {
  return JSON.stringify({ type: 'entry', ...entry, start: Buffer.from(start).toString('hex') })
}
