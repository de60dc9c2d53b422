/**
 * Compressed bytes made readable, off the event loop, where Node can: gzip always, zstd where this Node has it. What
 * would grow past `sizeMax` is refused before it is there.
 */
import * as zlib from 'node:zlib'

export type Inflate = (bytes: Uint8Array, sizeMax: number) => Promise<Uint8Array>

/** zlib as callbacks have it; newer than the types that we compile against. */
type Unpack = (
  bytes: Uint8Array,
  options: { readonly maxOutputLength: number },
  done: (error: Error | null, result: Buffer) => void,
) => void

function inflateBy(unpack: Unpack): Inflate {
  return (bytes, maxOutputLength) =>
    new Promise((resolve, reject) => {
      unpack(bytes, { maxOutputLength }, (error, result) => {
        if (error === null) resolve(result)
        else reject(error)
      })
    })
}

export const gunzip: Inflate = inflateBy(zlib.gunzip)

const zstd = (zlib as { readonly zstdDecompress?: Unpack }).zstdDecompress

/** null where this Node is too old. */
export const unzstd: Inflate | null = zstd === undefined ? null : inflateBy(zstd)
