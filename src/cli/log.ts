/** The log of the command: one line each on stderr, with the time; stdout is for machines. */
import type { Log } from '../base/log.ts'
import type { Clock } from '../base/ports.ts'

export function stderrLog(clock: Clock): Log {
  const line = (level: string, text: string): void => {
    const time = new Date(clock.wallMs()).toISOString()
    process.stderr.write(`${time} ${level} ${text.replaceAll('\n', ' ')}\n`)
  }
  return {
    info: (text) => line('info', text),
    warn: (text) => line('warn', text),
    error: (text) => line('error', text),
  }
}
