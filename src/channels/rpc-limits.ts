/** What bounds one RPC peer. */
export const rpcLimits = {
  callsOutMax: 65_536, // waiting for an answer: some 30 MB; more means that somebody forgot to await
  callsInMax: 1024, // handlers running at once for one caller: beyond it, waiting is better done over there
  creditItems: 32, // of a streamed answer, unasked: keeps a round trip busy and is little to throw away
  creditItemsMax: 65_536, // what a caller may ask for: the callee's frames that wait for room are bounded by it
} as const
