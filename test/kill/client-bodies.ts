/** Bodies that say which message they are, and are not always as long. */

const SIZES = 300

export function clientBody(counter: number): Buffer {
  return Buffer.from(`${counter} ${'x'.repeat(counter % SIZES)}`)
}

/** Which message it is; throws where a byte is wrong. */
export function counterOf(body: Uint8Array): number {
  const counter = Number(Buffer.from(body).toString().split(' ')[0])
  if (!Number.isSafeInteger(counter) || !clientBody(counter).equals(body)) {
    throw new Error(`a body that nobody sent: ${Buffer.from(body).toString().slice(0, 50)}`)
  }
  return counter
}
