/** The public API of the package `naru`: what works today, and nothing that does not. */
export { version } from './base/version.ts'
