/** Tells a client what is served: it asks this first, in a version that we need not know. */
import {
  type ApiVersion,
  type ApiVersionsResponse,
  decodeApiVersionsRequest,
  encodeApiVersionsResponse,
} from '../../wire/kafka/messages/api-versions.generated.ts'
import { apis } from '../../wire/kafka/messages/apis.generated.ts'
import type { WireReader } from '../../wire/kafka/reader.ts'
import type { Call } from './call.ts'
import { codeOf } from './replies.ts'

// librdkafka believes that compression is not to be had where the oldest version of Produce is not 0,
// so all brokers say 0 and refuse what is below 3.
const PRODUCE_MIN_SAID = 0

const advertised: readonly ApiVersion[] = Object.values(apis).map(({ key, min, max }) => ({
  apiKey: key,
  minVersion: key === apis.Produce.key ? PRODUCE_MIN_SAID : min,
  maxVersion: max,
}))

const itself = advertised.filter(({ apiKey }) => apiKey === apis.ApiVersions.key)

/** What a client may call itself, from the version on in which it does. */
const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
const NAMED_VERSION_MIN = 3

export function answerApiVersions(call: Call, r: WireReader): void {
  const { version } = call
  const { clientSoftwareName, clientSoftwareVersion } = decodeApiVersionsRequest(r, version)
  const isNamed = [clientSoftwareName, clientSoftwareVersion].every((name) =>
    SOFTWARE_NAME.test(name),
  )
  const isSound = version < NAMED_VERSION_MIN || isNamed
  const response = isSound ? responseOf(0, advertised) : responseOf(codeOf('INVALID_REQUEST'), [])
  call.answer((w) => encodeApiVersionsResponse(w, version, response))
}

/** A version we do not know: every client reads version 0, and tries again with what it says. */
export function refuseApiVersions(call: Call): void {
  const response = responseOf(codeOf('UNSUPPORTED_VERSION'), itself)
  call.answer((w) => encodeApiVersionsResponse(w, 0, response))
}

function responseOf(errorCode: number, apiKeys: readonly ApiVersion[]): ApiVersionsResponse {
  return {
    errorCode,
    apiKeys,
    throttleTimeMs: 0,
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: false,
  }
}
