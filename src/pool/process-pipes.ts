/** The pipes between a pool and each of its processes, by the number they have in the process. Constants only. */

export const ordersFd = 3
export const answersFd = 4
/** Nothing is ever sent on it: its end is the message. */
export const lifelineFd = 5
