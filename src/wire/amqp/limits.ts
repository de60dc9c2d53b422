/** The limits of the AMQP codec, each with its reason. */

/** Tables in tables, arrays counted: clients nest two or three, and a stack must not follow a peer's wish. */
export const tableDepthMax = 64 // the deepest that any known client's tests send is in the tens
